"""What a good spec gives: its values, the defaults, places for every key, and nothing that can be changed."""

import re
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any, get_args

import pytest
from pydantic import BaseModel, ValidationError

from reportgen.errors import InputError
from reportgen.spec.load import load_spec
from reportgen.spec.model import TRUTH, Correction, CountSection, ExpectSection, ModelSection, StatementSet, StudySpec
from reportgen.spec.places import Place
from reportgen.spec.rules import Rule
from reportgen.spec.yaml_source import read_yaml

SMALLEST = """\
study: {id: capitals, title: Capitals}
model: {hub: gpt2}
facts:
  file: facts.csv
  relations: {capital: {template: "The capital of {subject} is {object}."}}
"""

FULLEST = """\
study:
  id: capitals-2
  title: "Capitals: again"
  question: Where do heads look?
  authors: [Ada, "No"]
  abstract: |
    Two
    lines.
  tags: [geography, "2026"]
  family: {id: capitals, title: Capitals, values: {measure: max}}
model:
  hub: gpt2
  revision: "607a30d"
  prepend_bos: never
  device: cpu
  dtype: float32
facts:
  items:
    - {subject: France, relation: capital, object: Paris, false_object: Rome}
    - {subject: Italy, relation: capital, object: Rome}
  relations:
    capital:
      template: "The capital of {subject} is {object}."
  false_objects: given
  seed: 3
measure:
  query_position: before_object
  key_span: first
  aggregation: max
contrasts:
  - id: size
    title: Big against small
    a: {name: big, where: {size: [big, 2, 0.5, true], truth: true}}
    b: {name: small, where: {size: small}}
interactions:
  - id: size-by-language
    title: Is size another thing in French?
    contrast: size
    x: {name: French, where: {language: fr}}
    y: {name: others, where: {language: [de, it]}}
doses:
  - {id: inhabitants, title: Inhabitants, column: inhabitants, where: {size: big}, method: pearson}
tests:
  test: welch
  alternative: greater
  cluster: country
  corrections: [holm, none]
  headline: none
  family: study
  alpha: 0.01
  smallest_effect: 0
  resamples: 99
  tail: pareto
  split: 0.5
  seed: 7
robustness:
  query_positions: [before_object]
  aggregations: []
  tests: [permutation, welch]
  corrections: [max_t_step_down]
  prepend_bos: [never]
  facts: [recalled]
experiments:
  object_attention: {}
  entropy: {}
  relations: {}
  paraphrases: {}
  attribution: {facts: 20, window: 3, smallest_effect: 0.1}
  knockout: {facts: 20, sizes: [1, 3], controls: 60, ablations: [zero, mean], seed: 1}
  few_shot: {shots: [0, 2], separator: space, seed: 1}
  adversarial: {templates: ["It is {other}."], neutral: [unknown], separator: newline, folds: 3}
  dynamics: {of_most: 0.6, least_attention: 0.1}
  clustering: {by: scores, most: 5, draws: 50}
  multi_hop:
    template: "{object} is the capital of {subject}. {subject} is in {continent}. {object} is in {continent}"
    relation: capital
    start: object
    middle: subject
    end: continent
    facts: 100
    examples: 8
    paths: 6
    seed: 1
  gradient: {facts: 9, steps: 3, checked: 2, smallest_effect: 0}
expect:
  - heads: {least: 20, most: 60}
  - {contrast: size, head: L9H1, verdict: differs}
  - {head: L9H1, effect: -0.14, within: 0.02}
  - {head: L9H1, run: "2026-11-24", within: 0}
replicates:
  - claim: L9H1 looks at the subject
    source: Author (2025), table 2
    url: https://example.org/paper
    contrast: size
    quantity: effect
    head: L9H1
    value: 0.139
    interval: [0.121, 0.158]
    tolerance: 0.02
report:
  top_heads: 50
  examples: [France]
"""

CHAT = "{hub: gpt2, chat: {user: Where?, system: Be brief.}}"
MODEL_PLACES = (
    CHAT,
    "{folder: weights, weights: pytorch, trust_remote_code: true}",
    "{gguf: m.gguf}",
    "{package: llm-x, file: m.gguf}",
)
FACTS_PLACES = (
    "pack: currencies\n  only: {relation: capital, size: [big, 2]}",
    "dataset: {name: NeelNanda/counterfact-tracing, config: a, split: train, revision: b}\n  format: counterfact",
    "file: f.csv\n  columns: {subject: s, relation: r, object: o, false_object: f, truth: t, pair: p}\n"
    '  relations: {r: {templates: ["{subject} {object}", "{object} {subject}"]}}',
    'file: f.csv\n  columns: {statement: s}\n  statements: ["The city of {subject} is in {object}."]',
)
OTHER_MODELS = (
    "checkpoints: {folder: 'm/{step}', range: {first: 1, last: 1000, count: 4, multiple: 10}}",
    "checkpoints: {revision: 'step{step}', steps: [1, 10]}",
    "checkpoints: {folders: [a, b]}",
    "checkpoints: {revisions: [a, b]}",
    "across_models: {models: [{hub: gpt2}]}",
)


def written(folder: Path, text: str) -> Path:
    path = folder / "study.yaml"
    path.write_text(text, encoding="utf-8", newline="")
    return path


def loaded(folder: Path, text: str) -> StudySpec:
    return load_spec(written(folder, text)).spec


def fields_set(section: BaseModel) -> Iterator[tuple[str, str]]:
    for name in section.model_fields_set:
        yield type(section).__name__, name
        for inner in sections_in(getattr(section, name)):
            yield from fields_set(inner)


def sections_in(value: object) -> list[BaseModel]:
    if isinstance(value, BaseModel):
        return [value]
    entries = value.values() if isinstance(value, dict) else value if isinstance(value, tuple) else ()
    return [entry for entry in entries if isinstance(entry, BaseModel)]


def all_fields() -> set[tuple[str, str]]:
    schema = StudySpec.model_json_schema()
    schemas = {**schema["$defs"], "StudySpec": schema}
    return {(name, key) for name, part in schemas.items() for key in part["properties"]}


def test_the_smallest_spec_has_every_default(tmp_path: Path) -> None:
    spec = loaded(tmp_path, SMALLEST)
    assert spec.study.question == "Do heads look at the subject differently when the statement is true?"
    assert (spec.study.authors, spec.study.abstract) == ((), "")
    assert spec.model == ModelSection(hub="gpt2", prepend_bos="auto", device="auto", dtype="auto")
    assert (spec.facts.items, spec.facts.false_objects, spec.facts.seed) == ((), "derangement", 0)
    measure = spec.measure
    assert (measure.query_position, measure.key_span, measure.aggregation) == ("last", "subject", "sum")
    assert spec.contrasts == (TRUTH,)
    assert (spec.tests.test, spec.tests.headline, spec.tests.seed) == ("auto", "max_t", 0)
    assert (spec.tests.alpha, spec.tests.smallest_effect) == (0.05, 0.01)
    assert (spec.tests.alternative, spec.tests.cluster, spec.tests.family) == ("two-sided", None, "contrast")
    assert (spec.tests.resamples, spec.tests.tail, spec.tests.split) == (10_000, "empirical", None)
    assert spec.tests.corrections == get_args(Correction)
    assert len(spec.tests.corrections) == 10
    assert (spec.interactions, spec.doses) == ((), ())
    assert (spec.expect, spec.replicates, spec.study.tags) == ((), (), ())
    assert spec.robustness.query_positions == ("last", "object_last")
    assert spec.robustness.tests == ("paired_t", "wilcoxon", "welch")
    assert spec.robustness.corrections == ("none", "holm", "benjamini_hochberg", "max_t")
    assert (spec.report.top_heads, spec.report.examples) == (10, 12)


def test_the_fullest_spec_says_what_was_written(tmp_path: Path) -> None:
    spec = loaded(tmp_path, FULLEST)
    assert spec.study.title == "Capitals: again"
    assert spec.study.authors == ("Ada", "No")
    assert spec.study.abstract == "Two\nlines.\n"
    assert spec.model.revision == "607a30d"
    assert [fact.false_object for fact in spec.facts.items] == ["Rome", None]
    assert spec.facts.relations["capital"].template == "The capital of {subject} is {object}."
    assert spec.measure.query_position == "before_object"
    assert spec.contrasts[0].a == StatementSet(name="big", where={"size": ("big", 2, 0.5, True), "truth": True})
    assert [type(value) for value in spec.contrasts[0].a.where["size"]] == [str, int, float, bool]  # type: ignore[union-attr]
    assert spec.tests.corrections == ("holm", "none")
    assert (spec.tests.smallest_effect, spec.report.top_heads) == (0, 50)
    assert (spec.tests.cluster, spec.tests.resamples, spec.tests.split) == ("country", 99, 0.5)
    (interaction,), (dose,) = spec.interactions, spec.doses
    assert (interaction.contrast, interaction.y.where) == ("size", {"language": ("de", "it")})
    assert (dose.column, dose.where, dose.method) == ("inhabitants", {"size": "big"}, "pearson")
    assert (spec.robustness.aggregations, spec.robustness.tests) == ((), ("permutation", "welch"))
    assert spec.study.tags == ("geography", "2026")
    count, verdict, effect, run = spec.expect
    assert count == ExpectSection(heads=CountSection(least=20, most=60))
    assert (verdict.contrast, verdict.head, verdict.verdict) == ("size", "L9H1", "differs")
    assert (effect.effect, effect.within, run.run, run.within) == (-0.14, 0.02, "2026-11-24", 0.0)
    [published] = spec.replicates
    assert (published.quantity, published.head, published.value) == ("effect", "L9H1", 0.139)
    assert (published.interval, published.tolerance) == ((0.121, 0.158), 0.02)


def test_a_dose_is_among_true_statements_and_by_ranks_unless_it_says_otherwise(tmp_path: Path) -> None:
    (dose,) = loaded(tmp_path, f"{SMALLEST}doses: [{{id: d, title: D, column: c}}]\n").doses
    assert (dose.where, dose.method) == ({"truth": True}, "spearman")


def test_every_field_can_be_reached_from_yaml(tmp_path: Path) -> None:
    texts = [SMALLEST, FULLEST, *(SMALLEST.replace("{hub: gpt2}", place) for place in MODEL_PLACES)]
    texts += [f"{SMALLEST.partition('facts:')[0]}facts:\n  {place}\n" for place in FACTS_PLACES]
    texts += [f"{SMALLEST}experiments: {{{other}}}\n" for other in OTHER_MODELS]
    reached = {field for text in texts for field in fields_set(loaded(tmp_path, text))}
    assert reached == all_fields()


@pytest.mark.parametrize(
    ("section", "key", "values"),
    [
        ("measure", "query_position", ["last", "subject_last", "object_last", "before_object"]),
        ("measure", "key_span", ["subject", "object", "first", "self", "previous", "relation"]),
        ("measure", "aggregation", ["sum", "mean", "max"]),
        ("tests", "test", ["auto", "paired_t", "wilcoxon", "student", "welch", "mann_whitney", "permutation"]),
        ("tests", "alternative", ["two-sided", "greater", "less"]),
        ("tests", "headline", get_args(Correction)),
        ("tests", "family", ["contrast", "study"]),
        ("tests", "tail", ["empirical", "pareto"]),
        ("tests", "resamples", [99, 1_000_000]),
        ("tests", "split", [0.01, 0.99]),
        ("report", "top_heads", [1, 50]),
        ("report", "examples", [0, 64]),
        ("tests", "smallest_effect", [0, 0.99]),
    ],
)
def test_every_choice_and_bound_is_accepted(tmp_path: Path, section: str, key: str, values: list[object]) -> None:
    for value in values:
        spec = loaded(tmp_path, f"{SMALLEST}{section}: {{{key}: {value}}}\n")
        assert getattr(getattr(spec, section), key) == value


@pytest.mark.parametrize(
    ("written_so", "means"),
    [
        ("0", 0),
        ("64", 64),
        ("[France]", ("France",)),
        ('[France, "No"]', ("France", "No")),
        ("{continent: Europe}", {"continent": "Europe"}),
        ("{continent: [Europe, Asia], truth: true}", {"continent": ("Europe", "Asia"), "truth": True}),
    ],
)
def test_examples_are_a_number_subjects_or_a_filter(tmp_path: Path, written_so: str, means: object) -> None:
    examples = loaded(tmp_path, f"{SMALLEST}report: {{examples: {written_so}}}\n").report.examples
    assert (examples, type(examples)) == (means, type(means))


@pytest.mark.parametrize(
    "written_so",
    [
        "{heads: {}}",
        "{heads: {least: 0}}",
        "{heads: {least: 3, most: 3}}",
        "{head: L0H0, verdict: negligible}",
        "{head: L999H999, verdict: undecided, contrast: truth}",
        "{head: L9H1, effect: 1, within: 0}",
        "{head: L9H1, effect: -1, within: 1}",
        '{head: L9H1, run: "2026-11-24", within: 0.5}',
    ],
)
def test_an_expectation_is_of_one_of_four_kinds(tmp_path: Path, written_so: str) -> None:
    [expect] = loaded(tmp_path, f"{SMALLEST}expect: [{written_so}]\n").expect
    assert expect == ExpectSection.model_validate(expect.model_dump())


KINDS = "an expectation is of one of four kinds"
EFFECT = "claim: c, source: s, value: 0.1, head: L1H1, quantity: effect"


@pytest.mark.parametrize(
    ("written_so", "at", "message"),
    [
        ("expect: [{}]", "{}", f"{KINDS}.*got none of these keys"),
        ("expect: [{head: L9H1}]", "{head", f"{KINDS}.*got `head`$"),
        ("expect: [{heads: {least: 2}, head: L9H1}]", "{heads", f"{KINDS}.*got `heads` and `head`$"),
        (
            "expect: [{head: L9H1, verdict: differs, within: 0}]",
            "{head",
            f"{KINDS}.*got `head`, `verdict` and `within`$",
        ),
        ("expect: [{head: L9H1, effect: 0.1}]", "{head", f"{KINDS}.*got `head` and `effect`$"),
        ("expect: [{heads: {least: 5, most: 3}}]", "5", r"`least` \(5\) is more than `most` \(3\)"),
        ("expect: [{heads: 20}]", "20", "must be a mapping with keys among `least`, `most`; got the whole number 20"),
        ("expect: [{head: L9H1, run: 2026-11-24, within: 0}]", "2026", "got the date 2026-11-24"),
        ('expect: [{head: L9H1, run: "24.11.2026", within: 0}]', '"24', "2026-11-24.*got the text `24.11.2026`"),
        ("expect: [{head: L9.1, verdict: differs}]", "L9.1", "`L9H1`.*; got the text `L9.1`"),
        ("expect: [{head: 9.1, verdict: differs}]", "9.1", "`L9H1`.*; got the number 9.1"),
        ("expect: [{head: L9H1, verdict: yes}]", "yes", "one of `differs`, `negligible`, `undecided`; `yes` is read"),
        ("expect: [{head: L9H1, effect: 13.9, within: 0}]", "13.9", "at least -1 and at most 1; got the number 13.9"),
        ("expect: [{contrast: x, heads: {least: 2}}]", "x, ", "no contrast has the id `x`; there are `truth`"),
        ("expect: {heads: {least: 2}}", "{heads", "`expect` must be a list; got a mapping"),
        (
            f"replicates: [{{{EFFECT.replace('head: L1H1, ', '')}}}]",
            "effect",
            "is a figure of one head: name it as `head`",
        ),
        (f"replicates: [{{{EFFECT.replace('effect', 'heads')}, tolerance: 1}}]", "L1H1", "takes no `head`"),
        ("replicates: [{claim: c, source: s, value: 1, quantity: heads}]", "heads}", "`heads`: state a `tolerance`"),
        (f"replicates: [{{{EFFECT.replace('effect', 'mean_a')}}}]", "mean_a", "`mean_a`: state a `tolerance`"),
        (f"replicates: [{{{EFFECT.replace('effect', 'p')}}}]", "p}", "one of `heads`, `effect`, `mean_a`, `mean_b`"),
        (f"replicates: [{{{EFFECT}, contrast: x}}]", "x}", "no contrast has the id `x`; there are `truth`"),
        (f"replicates: [{{{EFFECT.replace('source: s, ', '')}}}]", "{claim", "lacks the key `source`"),
        ('expect: [{head: L9H1, run: "2026-02-30", within: 0}]', '"2026', "the calendar has no day `2026-02-30`"),
        (f"replicates: [{{{EFFECT}, interval: [0.2, 0.1]}}]", "[0.2", "the lower end of an `interval` comes first"),
        (f"replicates: [{{{EFFECT}, interval: [0.2]}}]", "[0.2", "must be a list of 2; got a list of 1"),
        (f"replicates: [{{{EFFECT}, interval: [-2, 0.1]}}]", "[-2", "an effect is a share of attention, from -1 to 1"),
        (f"replicates: [{{{EFFECT.replace('0.1', '13.9')}}}]", "13.9", "13.9 points are 0.139; got 13.9"),
        (
            "replicates: [{claim: c, source: s, value: -1, quantity: heads, tolerance: 1}]",
            "-1",
            "is 0 at least; got -1",
        ),
        (f"replicates: [{{{EFFECT}, url: 'javascript:alert(1)'}}]", "'java", "of the form `https://example.org/paper`"),
        ("study: {id: a, title: b, tags: x}", "x}", "`study.tags` must be a list; got the text `x`"),
    ],
)
def test_what_is_no_expectation_or_figure_is_told_with_its_place(
    tmp_path: Path, written_so: str, at: str, message: str
) -> None:
    rest = SMALLEST.split("\n", 1)[1] if written_so.startswith("study") else SMALLEST
    with pytest.raises(InputError) as caught:
        loaded(tmp_path, f"{written_so}\n{rest}")
    [problem] = caught.value.problems
    assert problem.where == f"{tmp_path / 'study.yaml'}:1:{written_so.index(at) + 1}"
    assert re.search(message, problem.message), problem.message


def test_a_day_without_quotes_is_told_to_take_some(tmp_path: Path) -> None:
    with pytest.raises(InputError) as caught:
        loaded(tmp_path, f"{SMALLEST}expect: [{{head: L9H1, run: 2026-11-24, within: 0.02}}]\n")
    assert caught.value.problems[0].remedy == 'put it in quotes to mean text: "2026-11-24"'


TOO_MANY = ", ".join(f"s{place}" for place in range(65))


@pytest.mark.parametrize(
    "written_so", ["-1", "65", "1.5", "true", "all", "[]", "{}", "[1]", '[""]', "{size: []}", f"[{TOO_MANY}]"]
)
def test_examples_are_nothing_else(tmp_path: Path, written_so: str) -> None:
    with pytest.raises(InputError) as caught:
        loaded(tmp_path, f"{SMALLEST}report: {{examples: {written_so}}}\n")
    assert len(caught.value.problems) == 1
    assert "report.examples" in caught.value.problems[0].message


@pytest.mark.parametrize("empty", ["", " ~", " null"])
def test_an_optional_text_may_be_left_empty(tmp_path: Path, empty: str) -> None:
    assert loaded(tmp_path, SMALLEST.replace("{hub: gpt2}", f"\n  hub: gpt2\n  folder:{empty}")).model.folder is None


def test_path_and_text_are_kept_as_they_are(tmp_path: Path) -> None:
    path = written(tmp_path, FULLEST.replace("\n", "\r\n"))
    spec_file = load_spec(path)
    assert spec_file.path == path
    assert spec_file.text == FULLEST.replace("\n", "\r\n")
    assert spec_file.spec == loaded(tmp_path, FULLEST)


def test_a_byte_order_mark_is_no_part_of_the_text(tmp_path: Path) -> None:
    assert load_spec(written(tmp_path, "\ufeff" + SMALLEST)).text == SMALLEST


@pytest.mark.parametrize("section", ["study", "model", "facts", "measure", "tests", "robustness", "report"])
def test_no_section_can_be_changed(tmp_path: Path, section: str) -> None:
    spec = loaded(tmp_path, FULLEST)
    part = getattr(spec, section)
    name = next(iter(type(part).model_fields))
    with pytest.raises(ValidationError, match="frozen"):
        setattr(part, name, getattr(part, name))
    with pytest.raises(ValidationError, match="frozen"):
        setattr(spec, section, part)


def test_no_list_can_be_changed(tmp_path: Path) -> None:
    spec = loaded(tmp_path, FULLEST)
    lists = (spec.study.authors, spec.study.tags, spec.facts.items, spec.contrasts, spec.interactions, spec.doses)
    lists = (*lists, spec.expect, spec.replicates, spec.replicates[0].interval)
    for value in (*lists, spec.tests.corrections, spec.robustness.aggregations, spec.robustness.facts):
        assert isinstance(value, tuple)
    assert isinstance(spec.contrasts[0].a.where["size"], tuple)


def test_every_key_and_value_has_its_place(tmp_path: Path) -> None:
    text = "# first\nstudy:\n  id:   a\n  'authors' : [Ada,\n    Bo]\n\nmodel: {hub: x}\n"
    path = written(tmp_path, text)
    spots = read_yaml(path).spots
    at = partial(Place, str(path))
    assert {loc: (spot.key, spot.place) for loc, spot in spots.items()} == {
        (): (at(2, 1), at(2, 1)),
        ("study",): (at(2, 1), at(3, 3)),
        ("study", "id"): (at(3, 3), at(3, 9)),
        ("study", "authors"): (at(4, 3), at(4, 15)),
        ("study", "authors", 0): (at(4, 16), at(4, 16)),
        ("study", "authors", 1): (at(5, 5), at(5, 5)),
        ("model",): (at(7, 1), at(7, 8)),
        ("model", "hub"): (at(7, 9), at(7, 14)),
    }


def test_yaml_becomes_plain_data_with_tuples(tmp_path: Path) -> None:
    data = read_yaml(written(tmp_path, "a: [1, 0.5, yes, ~, 'no', {b: []}]\nc: =\nd: <<\n")).data
    expected: dict[str, Any] = {"a": (1, 0.5, True, None, "no", {"b": ()}), "c": "=", "d": "<<"}
    assert data == expected


@pytest.mark.parametrize(
    ("loc", "words"),
    [
        (("tests", "alpha"), "a number, above 0 and below 1"),
        (("tests", "smallest_effect"), "a number, at least 0 and below 1"),
        (("tests", "split"), "a number, above 0 and below 1"),
        (("tests", "cluster"), "text that is not empty"),
        (("tests", "resamples"), "a whole number, at least 99 and at most 1000000"),
        (("robustness", "prepend_bos"), "a list"),
        (("doses",), "a list"),
        (("report", "top_heads"), "a whole number, at least 1 and at most 50"),
        (("study", "abstract"), "text"),
        (("model", "folder"), "text that is not empty"),
        (("model", "dtype"), "one of `auto`, `float32`, `bfloat16`, `float16`"),
        (("model", "device"), "text of the form `auto`, `cpu`, `mps`, `cuda` or `cuda:1`"),
        (("measure", "key_span"), "one of `subject`, `object`, `first`, `self`, `previous`, `relation`"),
        (("facts", "relations"), "a mapping"),
        (("facts", "relations", "capital", "templates"), "a list"),
        (("contrasts",), "a list with at least one entry"),
    ],
)
def test_what_is_allowed_is_read_from_the_models(loc: tuple[str, ...], words: str) -> None:
    rule = Rule.of(StudySpec)
    for step in loc:
        below = rule.below(step)
        assert below is not None
        rule = below
    assert rule.words == words


@pytest.mark.parametrize("device", ["auto", "cpu", "mps", "cuda", "cuda:0", "cuda:15"])
def test_a_device_is_a_kind_or_a_numbered_cuda_device(device: str) -> None:
    assert ModelSection(hub="gpt2", device=device).device == device


@pytest.mark.parametrize(
    "device", ["gpu", "cuda:", "cuda:-1", "cuda:a", "cuda1", "cpu:0", "mps:0", "CUDA", "cuda:1\n", ""]
)
def test_no_other_device_is_taken(device: str) -> None:
    with pytest.raises(ValidationError, match="device"):
        ModelSection(hub="gpt2", device=device)


def test_the_arithmetic_is_float32_unless_bfloat16_is_asked_for() -> None:
    meant = [ModelSection(hub="gpt2", dtype=dtype).arithmetic for dtype in ("auto", "float32", "bfloat16")]
    assert meant == ["float32", "float32", "bfloat16"]
    assert ModelSection(hub="gpt2").arithmetic == "float32"
