"""The thousand facts that GPT-2 XL knows, as ROME distributes them (known_1000.json).

`template` has {} where the subject stands, and `prompt` is what GPT-2 XL was given, or went on to say, before it said the
object, `attribute`: it often has words that the template lacks ("… is a mixture of"). So the prompt is the wording, with
the subject's place taken from the template. The relation is its Wikidata property, such as P30.
"""

from reportgen.errors import shown
from reportgen.facts.readers.published import UnplacedError, columns_of, name_in, open_template, place_all
from reportgen.facts.readers.raw import RawRow, RawTable
from reportgen.facts.table import Layout, Record, Table

LAYOUT = Layout("known_1000", "Meng et al. 2022, Locating and Editing Factual Associations in GPT, arXiv:2202.05262")


def read(raw: RawTable) -> Table:
    """The facts of known_1000, each with its own template."""
    return place_all(raw, LAYOUT, _record)


def _record(row: RawRow) -> Record:
    subject, template, prompt = (name_in(row, key) for key in ("subject", "template", "prompt"))
    before, slot, _ = template.partition("{}")
    start = before + subject
    if not slot or not prompt.startswith(start) or "{" in prompt or "}" in prompt:
        raise UnplacedError(f"its prompt, {shown(prompt)}, does not begin as its template says, {shown(template)}")
    cells = {
        "subject": subject,
        "relation": name_in(row, "relation_id"),
        "object": name_in(row, "attribute"),
        **columns_of(row, {"known_id": "known_id"}),
    }
    return Record(row.where, cells, (open_template(f"{before}{{}}{prompt[len(start) :]}"),))
