"""CounterFact, as ROME distributes it (counterfact.json), and as it stands flattened on the hub (counterfact-tracing).

A record asks for one fact to be rewritten: `requested_rewrite` has the subject, a prompt with {} in its place that ends
where the object begins, the true object `target_true` and a false one, `target_new`. The prompt makes the template; the
false object is kept for `false_objects: given`. The relation is its Wikidata property, such as P103.

Paraphrase prompts are not read: each begins with a sentence about something else. Neighbourhood, attribute and generation
prompts are about other subjects or have no object.
"""

from reportgen.errors import shown
from reportgen.facts.readers.published import UnplacedError, columns_of, name_in, name_of, open_template, place_all
from reportgen.facts.readers.raw import RawRow, RawTable, Value
from reportgen.facts.table import Layout, Record, Table

LAYOUT = Layout("CounterFact", "Meng et al. 2022, Locating and Editing Factual Associations in GPT, arXiv:2202.05262")


def read(raw: RawTable) -> Table:
    """The facts of CounterFact, each with its false object and its own template."""
    return place_all(raw, LAYOUT, _record)


def _record(row: RawRow) -> Record:
    rewrite = row.values.get("requested_rewrite")
    return _flat(row) if rewrite is None and "target_true" in row.values else _nested(row, rewrite)


def _nested(row: RawRow, rewrite: Value) -> Record:
    if not isinstance(rewrite, dict):
        raise UnplacedError("it has no `requested_rewrite`")
    own = RawRow(row.where, rewrite)
    true, false = (_target(own, key) for key in ("target_true", "target_new"))
    cells = {
        "subject": name_in(own, "subject"),
        "relation": name_in(own, "relation_id"),
        "object": name_of(true.get("str"), "target_true.str"),
        "false_object": name_of(false.get("str"), "target_new.str"),
        **columns_of(row, {"case_id": "case_id"}),
    }
    return Record(row.where, cells, (open_template(name_in(own, "prompt")),))


def _flat(row: RawRow) -> Record:
    subject, prompt = name_in(row, "subject"), name_in(row, "prompt")
    if prompt.count(subject) != 1 or "{" in prompt or "}" in prompt:
        raise UnplacedError(f"its subject does not stand exactly once in its prompt, {shown(prompt)}")
    cells = {
        "subject": subject,
        "relation": name_in(row, "relation_id"),
        "object": name_in(row, "target_true"),
        "false_object": name_in(row, "target_false"),
    }
    return Record(row.where, cells, (open_template(prompt.replace(subject, "{}")),))


def _target(own: RawRow, key: str) -> dict[str, Value]:
    target = own.values.get(key)
    if not isinstance(target, dict):
        raise UnplacedError(f"{shown(key)} is no object with a `str`")
    return target
