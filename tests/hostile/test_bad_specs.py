"""Bad specs: each error has its line and column, says what came and what is allowed, and all come at once."""

import re
from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from reportgen.errors import InputError, Problem
from reportgen.spec.load import load_spec
from reportgen.spec.model import ModelSection
from reportgen.spec.yaml_source import MAX_BYTES

REQUIRED = {
    "study": "study: {id: capitals, title: Capitals}\n",
    "model": "model: {hub: gpt2}\n",
    "facts": 'facts: {file: f.csv, relations: {capital: {template: "{subject} {object}"}}}\n',
}
KEY_SPANS = "`subject`, `object`, `first`, `self`, `previous`, `relation`"
CORRECTIONS = (
    "`none`, `bonferroni`, `sidak`, `holm`, `hommel`, `benjamini_hochberg`, `two_stage_benjamini_hochberg`,"
    " `benjamini_yekutieli`, `max_t`, `max_t_step_down`"
)
SLUG = "text of lower-case letters, digits and hyphens, 64 at most, not starting with a hyphen"
JARGON = re.compile(r"pydantic|Input should|Value error|union|str\b|tuple|None|True|False|dict|validat")


@dataclass(frozen=True)
class Bad:
    """A part of a spec (the required sections follow below it) and the one problem that it must raise."""

    name: str
    text: str
    place: str
    message: str
    remedy: str = ""


def whole(part: str) -> str:
    present = set(re.findall(r"^(\w+):", part, re.MULTILINE))
    return part + "".join(text for name, text in REQUIRED.items() if name not in present)


def problems(folder: Path, text: str | bytes) -> tuple[Problem, ...]:
    path = folder / "study.yaml"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(InputError) as caught:
        load_spec(path)
    return caught.value.problems


def places(folder: Path, text: str) -> list[str]:
    return [problem.where.removeprefix(f"{folder / 'study.yaml'}:") for problem in problems(folder, text)]


KEYS = [
    Bad(
        "misspelt key",
        "study:\n  id: a\n  titel: b\n  title: c\n",
        "3:3",
        "`study` has no key `titel`; its keys are `id`, `title`, `question`, `authors`, `abstract`, `tags`, `family`",
        "did you mean `title`?",
    ),
    Bad(
        "misspelt required key is not missing as well",
        "study:\n  id: a\n  titel: b\n",
        "3:3",
        "`study` has no key `titel`; its keys are `id`, `title`, `question`, `authors`, `abstract`, `tags`, `family`",
        "did you mean `title`?",
    ),
    Bad(
        "misspelt section",
        "measures: {}\n",
        "1:1",
        "a spec has no key `measures`; its keys are"
        " `version`, `extends`, `matrix`, `study`, `model`, `facts`, `measure`, `contrasts`, `interactions`, `doses`, `tests`, "
        "`robustness`, `experiments`, `expect`, `replicates`, `report`",
        "did you mean `measure`?",
    ),
    Bad(
        "key of another section",
        "report: {alpha: 0.1}\n",
        "1:10",
        "`report` has no key `alpha`; its keys are `top_heads`, `examples`",
        "`alpha` is a key of `tests`",
    ),
    Bad(
        "key like no other",
        "report: {zzz: {a: no}}\n",
        "1:10",
        "`report` has no key `zzz`; its keys are `top_heads`, `examples`",
    ),
    Bad(
        "missing key",
        "study:\n    id: a\n",
        "2:5",
        "`study` lacks the key `title`",
        "add it: text that is not empty",
    ),
    Bad(
        "missing key in a list",
        'facts:\n  relations: {r: {template: "{subject} {object}"}}\n  items:\n'
        "    - {subject: a, relation: r, object: b}\n    - {subject: a, relation: r}\n",
        "5:7",
        "`facts.items[1]` lacks the key `object`",
        "add it: text that is not empty",
    ),
    Bad(
        "duplicate key",
        "tests:\n  alpha: 0.1\n  seed: 1\n  alpha: 0.2\n",
        "4:3",
        "the key `alpha` stands here twice, first at line 2, column 3",
        "remove one of the two",
    ),
    Bad(
        "truth value as a key",
        'facts:\n  file: f\n  relations:\n    no: {template: "{subject} {object}"}\n',
        "4:5",
        "a key is text; `no` is read as the truth value false",
        'put it in quotes to mean text: "no"',
    ),
    Bad(
        "number as an unknown key",
        "study: {id: a, title: b, 1: c}\n",
        "1:26",
        "a key is text; got the whole number 1",
        'put it in quotes to mean text: "1"',
    ),
    Bad("list as a key", "? [a, b]\n: c\n", "1:3", "a key is text; this one is a list or a mapping"),
    Bad(
        "merge key",
        "measure: {<<: {key_span: first}}\n",
        "1:11",
        "`<<` merges mappings, which a spec cannot use",
        "write the keys out",
    ),
    Bad(
        "empty key",
        'facts: {file: f, relations: {"": {template: "{subject} {object}"}}}\n',
        "1:30",
        "a key of `facts.relations` must be text that is not empty; got empty text",
    ),
]

VALUES = [
    Bad(
        "Norway",
        "study:\n  id: a\n  title: no\n",
        "3:10",
        "`study.title` must be text that is not empty; `no` is read as the truth value false",
        'put it in quotes to mean text: "no"',
    ),
    Bad(
        "truth value in a list of texts",
        "study:\n  id: a\n  title: T\n  authors:\n    - a\n    - on\n",
        "6:7",
        "`study.authors[1]` must be text that is not empty; `on` is read as the truth value true",
        'put it in quotes to mean text: "on"',
    ),
    Bad(
        "a time",
        "study: {id: a, title: 12:30:00}\n",
        "1:23",
        "`study.title` must be text that is not empty; `12:30:00` is read as the whole number 45000",
        'put it in quotes to mean text: "12:30:00"',
    ),
    Bad(
        "a date",
        "study: {id: 2024-01-31, title: b}\n",
        "1:13",
        f"`study.id` must be {SLUG}; got the date 2024-01-31",
        'put it in quotes to mean text: "2024-01-31"',
    ),
    Bad(
        "a revision of digits",
        "model: {hub: gpt2, revision: 6070301}\n",
        "1:30",
        "`model.revision` must be text that is not empty; got the whole number 6070301",
        'put it in quotes to mean text: "6070301"',
    ),
    Bad(
        "no date",
        "study: {id: a, title: 2024-13-45}\n",
        "1:23",
        "`2024-13-45` looks like a date or a number and is none",
        'put it in quotes to mean text: "2024-13-45"',
    ),
    Bad(
        "a number without end",
        f"tests: {{seed: {'9' * 5000}}}\n",
        "1:15",
        f"the number `{'9' * 59}…` is too long",
        'put it in quotes to mean text: "…"',
    ),
    Bad(
        "half a character",
        'study: {id: a, title: "\\ud800"}\n',
        "1:23",
        "`?` holds half of a character as an escape",
        "write the character itself, or one escape with `\\U` and eight digits",
    ),
    Bad(
        "escapes for the terminal",
        'measure: {key_span: "\\e[31m"}\n',
        "1:21",
        f"`measure.key_span` must be one of {KEY_SPANS}; got the text `\\x1b[31m`",
    ),
    Bad(
        "a text that does not end",
        f"measure: {{key_span: {'x' * 500}}}\n",
        "1:21",
        f"`measure.key_span` must be one of {KEY_SPANS}; got the text `{'x' * 59}…`",
    ),
    Bad(
        "empty text",
        'study: {id: a, title: ""}\n',
        "1:23",
        "`study.title` must be text that is not empty; got empty text",
    ),
    Bad(
        "nothing where a value is needed",
        "study:\n  id: a\n  title:\n",
        "3:9",
        "`study.title` must be text that is not empty; nothing stands here",
        "write a value",
    ),
    Bad(
        "nothing where a section may be left out",
        "measure:\n",
        "1:9",
        "`measure` must be a mapping with keys among `query_position`, `key_span`, `aggregation`; nothing stands here",
        "write a value, or leave it out altogether",
    ),
    Bad(
        "misspelt choice",
        "tests:\n  headline: bonferoni\n",
        "2:13",
        f"`tests.headline` must be one of {CORRECTIONS}; got the text `bonferoni`",
        "did you mean `bonferroni`?",
    ),
    Bad(
        "choice in other letters",
        "tests:\n  corrections: [holm, Benjamini-Hochberg]\n",
        "2:23",
        f"`tests.corrections[1]` must be one of {CORRECTIONS}; got the text `Benjamini-Hochberg`",
        "did you mean `benjamini_hochberg`?",
    ),
    Bad(
        "choice in capitals",
        "tests:\n  headline: HOLM\n",
        "2:13",
        f"`tests.headline` must be one of {CORRECTIONS}; got the text `HOLM`",
        "did you mean `holm`?",
    ),
    Bad(
        "only one choice",
        "model: {hub: gpt2, dtype: float}\n",
        "1:27",
        "`model.dtype` must be one of `auto`, `float32`, `bfloat16`, `float16`; got the text `float`",
        "did you mean `float32`?",
    ),
    Bad(
        "pickles of a GGUF file",
        "model: {gguf: m.gguf, weights: pytorch, trust_remote_code: false}\n",
        "1:32",
        "`weights` says how a `hub` or `folder` is read, and a GGUF file is neither",
    ),
    Bad(
        "code of a GGUF file",
        "model: {gguf: m.gguf, trust_remote_code: true}\n",
        "1:42",
        "`trust_remote_code` says how a `hub` or `folder` is read, and a GGUF file is neither",
    ),
    Bad(
        "another format of weights",
        "model: {folder: m, weights: pickle}\n",
        "1:29",
        "`model.weights` must be one of `safetensors`, `pytorch`; got the text `pickle`",
    ),
    Bad(
        "id with capitals",
        "study: {id: My Study, title: b}\n",
        "1:13",
        f"`study.id` must be {SLUG}; got the text `My Study`",
        "for example `my-study`",
    ),
    Bad(
        "number too large",
        "report: {top_heads: 51}\n",
        "1:21",
        "`report.top_heads` must be a whole number, at least 1 and at most 50; got the whole number 51",
    ),
    Bad(
        "number too small",
        "report: {top_heads: 0}\n",
        "1:21",
        "`report.top_heads` must be a whole number, at least 1 and at most 50; got the whole number 0",
    ),
    Bad(
        "bound that is excluded",
        "tests: {alpha: 1}\n",
        "1:16",
        "`tests.alpha` must be a number, above 0 and below 1; got the whole number 1",
    ),
    *[
        Bad(
            f"alpha of {written}",
            f"tests: {{alpha: {written}}}\n",
            "1:16",
            f"`tests.alpha` must be a number, above 0 and below 1; got {read}",
        )
        for written, read in (
            ("0", "the whole number 0"),
            ("0.0", "the number 0.0"),
            ("1.0", "the number 1.0"),
            ("5", "the whole number 5"),
            ("-0.05", "the number -0.05"),
        )
    ],
    *[
        Bad(
            f"split of {written}",
            f"tests: {{split: {written}}}\n",
            "1:16",
            f"`tests.split` must be a number, above 0 and below 1; got the {read}",
        )
        for written, read in (("0", "whole number 0"), ("1", "whole number 1"), ("1.5", "number 1.5"))
    ],
    Bad(
        "hardly any arrangements",
        "tests: {resamples: 98}\n",
        "1:20",
        "`tests.resamples` must be a whole number, at least 99 and at most 1000000; got the whole number 98",
    ),
    Bad(
        "too many arrangements",
        "tests: {resamples: 1000001}\n",
        "1:20",
        "`tests.resamples` must be a whole number, at least 99 and at most 1000000; got the whole number 1000001",
    ),
    Bad(
        "alternative that is none",
        "tests: {alternative: larger}\n",
        "1:22",
        "`tests.alternative` must be one of `two-sided`, `greater`, `less`; got the text `larger`",
    ),
    Bad(
        "empty cluster",
        'tests: {cluster: ""}\n',
        "1:18",
        "`tests.cluster` must be text that is not empty; got empty text",
    ),
    Bad(
        "association that is none",
        "doses: [{id: d, title: D, column: c, method: kendall}]\n",
        "1:46",
        "`doses[0].method` must be one of `pearson`, `spearman`; got the text `kendall`",
    ),
    Bad(
        "choice twice among the other choices",
        "robustness: {aggregations: [sum, sum]}\n",
        "1:34",
        "`sum` stands in this list twice",
    ),
    Bad(
        "fraction for a whole number",
        "tests: {seed: 1.0}\n",
        "1:15",
        "`tests.seed` must be a whole number, at least 0; got the number 1.0",
    ),
    Bad(
        "truth value for a number",
        "tests: {seed: true}\n",
        "1:15",
        "`tests.seed` must be a whole number, at least 0; got the truth value true",
    ),
    Bad(
        "not a number",
        "tests: {alpha: .nan}\n",
        "1:16",
        "`tests.alpha` must be a number, above 0 and below 1; `.nan` is read as a number that is not finite",
    ),
    Bad(
        "exponent without a point",
        "tests: {alpha: 5e-2}\n",
        "1:16",
        "`tests.alpha` must be a number, above 0 and below 1; got the text `5e-2`",
        "write it as a number: 0.05",
    ),
    Bad(
        "very small exponent",
        "tests: {smallest_effect: 1e-30}\n",
        "1:26",
        "`tests.smallest_effect` must be a number, at least 0 and below 1; got the text `1e-30`",
        "write it as a number: 1.0e-30",
    ),
    Bad(
        "decimal comma",
        "tests:\n  alpha: 0,05\n",
        "2:10",
        "`tests.alpha` must be a number, above 0 and below 1; got the text `0,05`",
        "write it as a number: 0.05",
    ),
    Bad(
        "number in quotes",
        'tests: {seed: "7"}\n',
        "1:15",
        "`tests.seed` must be a whole number, at least 0; got the text `7`",
        "write it as a number: 7",
    ),
    Bad(
        "octal",
        "tests: {seed: 010}\n",
        "1:15",
        "the value of `tests.seed` is ambiguous: `010` is read as the whole number 8",
        "write `8` if that is meant",
    ),
    Bad(
        "text for a list",
        "study: {id: a, title: b, authors: Ada}\n",
        "1:35",
        "`study.authors` must be a list; got the text `Ada`",
        "write it as a list: [Ada]",
    ),
    Bad(
        "mapping for a list",
        "study: {id: a, title: b, authors: {name: Ada}}\n",
        "1:35",
        "`study.authors` must be a list; got a mapping with the keys `name`",
    ),
    Bad(
        "list for a mapping",
        "measure: [sum, last]\n",
        "1:10",
        "`measure` must be a mapping with keys among `query_position`, `key_span`, `aggregation`; got a list of 2",
    ),
    Bad(
        "list for a text",
        "study: {id: a, title: [b]}\n",
        "1:23",
        "`study.title` must be text that is not empty; got a list of 1",
    ),
    Bad(
        "empty list",
        "contrasts: []\n",
        "1:12",
        "`contrasts` must be a list with at least one entry; got an empty list",
    ),
    Bad(
        "empty mapping",
        "facts: {file: f, relations: {}}\n",
        "1:29",
        "name every relation of the facts with its wording under `relations`",
    ),
]


def contrast(where: str) -> str:
    return (
        f"contrasts:\n  - id: c\n    title: C\n    a: {{name: a, where: {{{where}}}}}\n"
        "    b: {name: b, where: {truth: false}}\n"
    )


UNIONS = [
    Bad(
        "date among values",
        contrast("since: 2024-01-31"),
        "4:33",
        "`contrasts[0].a.where.since` must be text, a number, true or false, or a list with at least one"
        " entry; got the date 2024-01-31",
        'put it in quotes to mean text: "2024-01-31"',
    ),
    Bad(
        "one entry of a list of values",
        contrast("city: [x, {y: 1}, z]"),
        "4:36",
        "`contrasts[0].a.where.city[1]` must be text, a number, or true or false; got a mapping with the keys `y`",
    ),
    Bad(
        "nothing among values",
        contrast("city: [x, null]"),
        "4:36",
        "`contrasts[0].a.where.city[1]` must be text, a number, or true or false; `null` is read as nothing",
        'put it in quotes to mean text: "null"',
    ),
    Bad(
        "columns named like types",
        contrast("str: {str: 1}, int: x"),
        "4:31",
        "`contrasts[0].a.where.str` must be text, a number, true or false, or a list with at least one entry;"
        " got a mapping with the keys `str`",
    ),
    Bad(
        "no values",
        contrast("city: []"),
        "4:32",
        "`contrasts[0].a.where.city` must be a list with at least one entry; got an empty list",
    ),
    Bad(
        "endless number",
        contrast("size: [-.inf]"),
        "4:33",
        "`contrasts[0].a.where.size[0]` must be text, a number, or true or false;"
        " `-.inf` is read as a number that is not finite",
        'put it in quotes to mean text: "-.inf"',
    ),
    Bad(
        "Norway where a truth value is allowed",
        contrast("country: [se, no]"),
        "4:40",
        "the value of `contrasts[0].a.where.country[1]` is ambiguous: `no` is read as the truth value false",
        'write `false` if that is meant, or put it in quotes to mean text: "no"',
    ),
    Bad(
        "time where a number is allowed",
        contrast("at: 12:30"),
        "4:30",
        "the value of `contrasts[0].a.where.at` is ambiguous: `12:30` is read as the whole number 750",
        'write `750` if that is meant, or put it in quotes to mean text: "12:30"',
    ),
    Bad(
        "empty column name",
        contrast('"": 1'),
        "4:26",
        "a key of `contrasts[0].a.where` must be text that is not empty; got empty text",
    ),
]


def relation(template: str) -> str:
    return f"facts:\n  file: f\n  relations:\n    capital: {{template: '{template}'}}\n"


def interaction(name: str, of: str) -> str:
    return (
        f"interactions:\n  - id: {name}\n    title: I\n    contrast: {of}\n"
        "    x: {name: x, where: {relation: a}}\n    y: {name: y, where: {relation: b}}\n"
    )


MISFITS = [
    Bad(
        "two sources of a model",
        "model:\n  hub: gpt2\n  folder: weights\n",
        "3:11",
        "a model comes from exactly one of `hub`, `folder`, `gguf`, `package`; got `hub` and `folder`",
    ),
    Bad(
        "no source of a model",
        "model:\n  device: cpu\n",
        "2:3",
        "a model comes from exactly one of `hub`, `folder`, `gguf`, `package`; got none",
    ),
    Bad(
        "package without its file",
        "model: {package: p}\n",
        "1:18",
        "`package` and `file` (the GGUF file inside the package) belong together",
    ),
    Bad(
        "file without its package",
        "model: {hub: gpt2, file: f}\n",
        "1:26",
        "`package` and `file` (the GGUF file inside the package) belong together",
    ),
    Bad(
        "revision of a folder",
        "model: {folder: f, revision: main}\n",
        "1:30",
        "`revision` names a commit on the hub and belongs to `hub` alone",
    ),
    Bad(
        "template without object",
        relation("{subject}"),
        "4:25",
        "a template names {object} exactly once; this one names it 0 times",
    ),
    Bad(
        "template with two subjects",
        relation("{subject}{object}{subject}"),
        "4:25",
        "a template names {subject} exactly once; this one names it 2 times",
    ),
    Bad(
        "template with a strange slot",
        relation("{subject} {objet}"),
        "4:25",
        "a template names {object} exactly once; this one names it 0 times. Is `{objet}` meant for it?",
    ),
    Bad(
        "template with a stray brace",
        relation("{subject} {object} }"),
        "4:25",
        "a slot is a name in braces, such as {subject}, and here is a brace without its partner",
    ),
    Bad(
        "facts from nowhere",
        'facts:\n  relations: {r: {template: "{subject} {object}"}}\n',
        "2:3",
        "facts stand in exactly one of a `file`, inline under `items`, in a `pack` or in a `dataset`; got none of them",
    ),
    Bad(
        "facts from two places",
        'facts:\n  file: f\n  relations: {r: {template: "{subject} {object}"}}\n  items:\n'
        "    - {subject: a, relation: r, object: b}\n",
        "5:5",
        "facts stand in exactly one of a `file`, inline under `items`, in a `pack` or in a `dataset`; "
        "got `file` and `items`",
    ),
    Bad(
        "facts without their wording",
        "facts:\n  file: f\n",
        "2:3",
        "name every relation of the facts with its wording under `relations`",
    ),
    Bad(
        "name that Windows keeps",
        "study: {id: nul, title: N}\n",
        "1:13",
        "Windows keeps the name `nul` for itself, and ids name files: choose another",
    ),
    Bad(
        "relation that nobody defines",
        'facts:\n  relations: {capital: {template: "{subject} {object}"}}\n  items:\n'
        "    - {subject: a, relation: capitol, object: b}\n",
        "4:30",
        "the relation `capitol` is not among `facts.relations`: `capital`",
        "did you mean `capital`?",
    ),
    Bad(
        "correction named twice",
        "tests: {corrections: [holm, none, holm]}\n",
        "1:35",
        "`holm` stands in this list twice",
    ),
    Bad(
        "headline that is not computed",
        "tests:\n  corrections: [none]\n  headline: holm\n",
        "3:13",
        "the headline correction `holm` is not among `corrections`: `none`",
    ),
    Bad(
        "default headline that is not computed",
        "tests:\n  corrections: [none]\n",
        "2:16",
        "the headline correction `max_t` is not among `corrections`: `none`",
    ),
    Bad(
        "two contrasts of one id",
        contrast("x: 1") + contrast("x: 2").removeprefix("contrasts:\n"),
        "6:9",
        "another contrast has the id `c`",
    ),
    Bad(
        "interaction with the id of a contrast",
        interaction("truth", "truth"),
        "2:9",
        "another contrast has the id `truth`",
    ),
    Bad(
        "dose with the id of an interaction",
        interaction("i", "truth") + "doses: [{id: i, title: D, column: c}]\n",
        "7:14",
        "another contrast has the id `i`",
    ),
    Bad(
        "interaction of a contrast that is not there",
        interaction("i", "truht"),
        "4:15",
        "no contrast has the id `truht`; there are `truth`",
    ),
]

SYNTAX = [
    Bad(
        "alias",
        "study: {id: a, title: b}\nmodel: *study\n",
        "2:8",
        "`*study` is an alias, which a spec cannot use",
        "write the value out wherever it is needed",
    ),
    Bad(
        "anchor",
        "study: &s {id: a, title: b}\n",
        "1:8",
        "`&s` is an anchor, which a spec cannot use",
        "write the value out wherever it is needed",
    ),
    Bad(
        "tag",
        "study: !!python/object:os.system {}\n",
        "1:8",
        "`tag:yaml.org,2002:python/object:os.system` is a tag, which a spec cannot use",
        "remove it; put a value in quotes to mean text",
    ),
    Bad(
        "depth",
        "study: " + "[" * 40 + "]" * 40 + "\n",
        "1:37",
        "the values are nested more than 30 deep, which no spec needs",
        "check the indentation and the brackets",
    ),
    Bad(
        "colon in a text",
        "study:\n  id: a\n  title: Heads: a study\n",
        "3:15",
        "this is not valid YAML: mapping values are not allowed here",
        "text that holds a colon and a space needs quotes",
    ),
    Bad(
        "tab",
        "study:\n\tid: a\n",
        "2:1",
        "this is not valid YAML: found character '\\t' that cannot start any token",
        "put the text in quotes; indent with spaces, never with tabs",
    ),
    Bad(
        "second document",
        "study: {id: a, title: b}\n---\n",
        "2:1",
        "this is not valid YAML: but found another document"
        " (expected a single document in the stream from line 1, column 1)",
        "keep one document in the file: remove the line `---` between them",
    ),
    Bad(
        "character that YAML forbids",
        "study:\n  id: a\x00\n",
        "2:8",
        "the character U+0000 cannot stand in YAML",
        "remove it, or write it as an escape between double quotes",
    ),
    Bad(
        "escape out of range",
        'study: {id: "\\UFFFFFFFF"}\n',
        "1:16",
        "this is not valid YAML: a number is out of range",
        "check the numbers after `\\x`, `\\u`, `\\U` or `%YAML`",
    ),
]


@pytest.mark.parametrize(
    "bad", [*KEYS, *VALUES, *UNIONS, *MISFITS, *SYNTAX], ids=lambda bad: bad.name.replace(" ", "-")
)
def test_one_error_is_one_problem_at_its_place(tmp_path: Path, bad: Bad) -> None:
    path = tmp_path / "study.yaml"
    assert problems(tmp_path, whole(bad.text)) == (Problem(f"{path}:{bad.place}", bad.message, bad.remedy),)


def test_the_remedy_is_accepted(tmp_path: Path) -> None:
    path = tmp_path / "study.yaml"
    path.write_text(whole('study: {id: my-study, title: "no"}\ntests: {smallest_effect: 1.0e-30, alpha: 0.05}\n'))
    assert load_spec(path).spec.tests.smallest_effect == 1e-30


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "the spec is empty"),
        ("# nothing but a comment\n", "the spec is empty"),
        ("- study\n", "a spec is a mapping of keys to values; got a list"),
        ("study\n", "a spec is a mapping of keys to values; got `study`"),
    ],
)
def test_a_file_without_keys(tmp_path: Path, text: str, message: str) -> None:
    [problem] = problems(tmp_path, text)
    assert (problem.where, problem.message) == (f"{tmp_path / 'study.yaml'}:1:1", message)
    assert "`study`, `model` and `facts`" in problem.remedy


def test_missing_sections_are_all_named(tmp_path: Path) -> None:
    found = problems(tmp_path, "\nreport: {}\n")
    assert [problem.message for problem in found] == [
        f"the spec lacks the key `{name}`" for name in ("facts", "model", "study")
    ]
    assert {problem.where for problem in found} == {f"{tmp_path / 'study.yaml'}:2:1"}


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(InputError) as caught:
        load_spec(tmp_path / "none.yaml")
    assert caught.value.problems == (Problem(str(tmp_path / "none.yaml"), "there is no such file"),)


def test_a_folder(tmp_path: Path) -> None:
    with pytest.raises(InputError) as caught:
        load_spec(tmp_path)
    assert caught.value.problems == (Problem(str(tmp_path), "this is a folder", "name the spec file inside it"),)


def test_a_path_through_a_file(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(InputError, match="cannot be read: Not a directory"):
        load_spec(tmp_path / "file" / "study.yaml")


def test_a_file_just_too_large(tmp_path: Path) -> None:
    text = whole("").encode()
    [problem] = problems(tmp_path, text + b"#" * (MAX_BYTES - len(text) + 1))
    assert (problem.where, problem.message) == (str(tmp_path / "study.yaml"), "the spec is larger than 2 MB")


def test_a_file_just_small_enough(tmp_path: Path) -> None:
    text = whole("").encode()
    path = tmp_path / "study.yaml"
    path.write_bytes(text + b"#" * (MAX_BYTES - len(text)))
    assert load_spec(path).spec.study.id == "capitals"


def test_a_file_in_another_encoding(tmp_path: Path) -> None:
    [problem] = problems(tmp_path, "study:\n  title: Zürich\n".encode("latin-1"))
    assert problem.where == f"{tmp_path / 'study.yaml'}:2"
    assert problem.message == "the file is not UTF-8: the byte 0xfc is no part of a character"


MANY = """\
study:
  id: no
  titel: Capitals
  title: 3
model:
  hub: gpt2
  folder: weights
facts:
  relations:
    capital: {template: "{subject} is in {objet}"}
  items:
    - {subject: Paris, relation: capitl, object: on}
    - {subject: Paris, relation: capital}
    - [Paris]
contrasts:
  - {id: c, title: C, a: {name: a, where: {city: [1, ~], at: yes}}, b: {name: b, where: {}}}
  - id: Two
tests:
  alpha: 2
  alpha: 3
  corrections: [holm, hochberg, holm]
  headline: fdr
report:
  top_heads: "10"
modle: {hub: x}
"""


def test_all_errors_come_at_once_in_the_order_of_the_file(tmp_path: Path) -> None:
    assert places(tmp_path, MANY) == [
        *("2:7", "3:3", "4:10"),
        "7:11",
        "10:25",
        *("12:34", "12:50", "13:7", "14:7"),
        *("16:54", "16:62", "16:89"),
        *("17:5", "17:5", "17:5", "17:9"),
        *("19:10", "20:3", "21:23", "22:13"),
        "24:14",
        "25:1",
    ]


def test_plain_words_only(tmp_path: Path) -> None:
    for problem in problems(tmp_path, MANY):
        assert not JARGON.search(f"{problem.message} {problem.remedy}"), problem


def test_every_misfit_of_a_section_is_named() -> None:
    with pytest.raises(ValueError, match=r"got `hub` and `folder`; `package` and `file`"):
        ModelSection(hub="a", folder="b", file="c")


def test_a_long_list_of_choices_is_cut(tmp_path: Path) -> None:
    relations = "".join(f'    r{i}: {{template: "{{subject}} {{object}}"}}\n' for i in range(50))
    items = "  items: [{subject: a, relation: zzz, object: b}]\n"
    [problem] = problems(tmp_path, whole(f"facts:\n  relations:\n{relations}{items}"))
    assert problem.message.endswith("`r19` and 30 more")


SNIPPETS = st.sampled_from(
    [
        *("study:", "  id: a", "  title: no", "model: {hub: x}", "facts:", "  items:", "    - {subject: 1}"),
        *("  relations: {r: {template: '{subject} {object}'}}", "contrasts: [{a: {where: {x: [1, ~]}}}]"),
        *(
            "&a",
            "*a",
            "!!str",
            "---",
            "...",
            "%YAML 9.9",
            "%TAG ! !",
            "<<: {}",
            "? [x]",
            ": ",
            "- ",
            "|",
            ">-",
        ),
        *('"\\ud800"', '"\\UFFFFFFFF"', "2024-13-45", "0b_", "12:30", ".nan", "=", "~", "\t", "\0", "\u2028"),
        *("[", "]", "{", "}", "'", '"', "#", "tests: {alpha: 1e-3, alpha: 2}", "[key]: {}", "\ufeff"),
    ]
)


HEAPS = st.builds(str.join, st.sampled_from(["\n", " ", ""]), st.lists(SNIPPETS | st.text(max_size=8), max_size=12))


def spliced(text: str, at: int, piece: str, lost: int) -> str:
    return text[:at] + piece + text[at + lost :]


SPLICES = st.builds(
    spliced,
    st.sampled_from([MANY, whole("")]),
    st.integers(0, len(MANY)),
    SNIPPETS | st.text(max_size=8),
    st.integers(0, 9),
)

small = settings(
    max_examples=150,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)


def complaints(path: Path, raw: bytes) -> tuple[Problem, ...]:
    path.write_bytes(raw)
    try:
        load_spec(path)
    except InputError as error:
        return error.problems
    return ()


@given(HEAPS | SPLICES)
@small
def test_any_text_is_a_spec_or_an_input_error_with_places(tmp_path: Path, text: str) -> None:
    path = tmp_path / "study.yaml"
    for problem in complaints(path, text.encode("utf-8", "replace")):
        assert re.fullmatch(re.escape(str(path)) + r":[1-9]\d*:[1-9]\d*", problem.where)
        assert not JARGON.search(re.sub("`.*?`", "", problem.message)), problem


@given(st.binary(max_size=60))
@small
def test_any_bytes_are_an_input_error(tmp_path: Path, raw: bytes) -> None:
    assert complaints(tmp_path / "study.yaml", raw)
