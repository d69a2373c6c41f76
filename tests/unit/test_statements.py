"""Rendering and spans, on two small tokenizers: one token a byte, and one token a word with its space."""

import json
from pathlib import Path

import pytest
from tokenizers import Tokenizer as Fast
from tokenizers import models, pre_tokenizers, processors

from reportgen.errors import InputError, StudyError
from reportgen.facts.fact import Fact, FactSet
from reportgen.models import tokenizer as tokenizer_module
from reportgen.models.tokenizer import Tokenizer
from reportgen.scores import label_columns
from reportgen.spec.model import MeasureSection
from reportgen.statements import StatementSet, place, read_facts, render_statements, twins

BYTES = sorted(pre_tokenizers.ByteLevel.alphabet())
WORDS = [
    *("The", "capital", "of", "is", "the", "It", "so", "that", "has", ":", "."),
    *("France", "Paris", "Rome", "Peru", "Lima", "New", "Zealand", "York", "Wellington"),
    *"abcdefg",
]
TEMPLATE = "The capital of {subject} is {object}"


def tokenizer(
    folder: Path, *, words: bool = True, adds_bos: bool = False, context: int = 100, prepend: str = "auto"
) -> Tokenizer:
    fast = Fast(models.BPE({token: i for i, token in enumerate([*BYTES, "<s>"])}, []))
    fast.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False, trim_offsets=False)
    if words:
        vocabulary = ["?", "<s>", *WORDS, *(f"Ġ{word}" for word in WORDS)]
        fast = Fast(models.WordLevel({token: i for i, token in enumerate(vocabulary)}, unk_token="?"))
        fast.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False, trim_offsets=False)
    if adds_bos:
        bos = fast.token_to_id("<s>")
        fast.post_processor = processors.TemplateProcessing(single="<s> $A", special_tokens=[("<s>", bos)])
    fast.save(str(folder / "tokenizer.json"))
    (folder / "tokenizer_config.json").write_text(json.dumps({"bos_token": "<s>"}))
    (folder / "config.json").write_text(json.dumps({"max_position_embeddings": context}))
    return Tokenizer(folder, prepend)  # type: ignore[arg-type]


def facts(*triples: tuple[str, str, str], template: str = TEMPLATE) -> FactSet:
    listed = [
        Fact(subject, "r", object_, truth, f"p{number}", {}, template)
        for number, (subject, true, false) in enumerate(triples)
        for object_, truth in ((true, True), (false, False))
    ]
    return FactSet(tuple(listed), (), "")


def render(folder: Path, given: FactSet, measure: MeasureSection | None = None, **options: object) -> StatementSet:
    return render_statements(given, tokenizer(folder, **options), measure or MeasureSection())  # type: ignore[arg-type]


def test_spans_are_the_tokens_over_the_slots(tmp_path: Path) -> None:
    (true, false) = twins(render(tmp_path, facts(("New Zealand", "Wellington", "Paris"))).statements)[0]
    assert true.text == "The capital of New Zealand is Wellington"
    assert [true.tokens.texts[i] for i in true.subject] == [" New", " Zealand"]
    assert [false.tokens.texts[i] for i in false.object] == [" Paris"]
    assert (true.query, true.keys) == (6, (3, 4))


def test_a_subject_that_occurs_twice_is_taken_where_the_template_puts_it(tmp_path: Path) -> None:
    given = facts(("is", "Paris", "Rome"), template="It is so that {subject} has {object}")
    statement = render(tmp_path, given).statements[0]
    assert [statement.tokens.texts[i] for i in statement.subject] == [" is"]
    assert statement.subject == (4,)


def test_the_object_may_stand_first(tmp_path: Path) -> None:
    given = facts(("France", "Paris", "Rome"), template="{object} is the capital of {subject}")
    statement = render(tmp_path, given).statements[0]
    assert (statement.object, statement.subject, statement.query) == ((0,), (5,), 5)


def test_a_subject_at_the_start_has_no_space_before_it(tmp_path: Path) -> None:
    statement = render(tmp_path, facts(("France", "Paris", "Rome"), template="{subject}: {object}")).statements[0]
    assert statement.tokens.texts[0] == "France"
    assert statement.subject == (0,)


def test_every_byte_of_an_emoji_belongs_to_its_span(tmp_path: Path) -> None:
    given = facts(("🦊", "b", "c"), template="a {subject} {object}")
    statement = render(tmp_path, given, words=False).statements[0]
    assert len(statement.subject) == 4
    assert statement.tokens.texts[-1] == "b"


@pytest.mark.parametrize(
    ("adds_bos", "prepend", "first"),
    [(True, "auto", "<s>"), (False, "auto", "The"), (False, "always", "<s>"), (True, "never", "The")],
)
def test_a_first_token_is_put_where_the_rule_says_and_is_in_no_span(
    tmp_path: Path, adds_bos: bool, prepend: str, first: str
) -> None:
    statement = render(tmp_path, facts(("France", "Paris", "Rome")), adds_bos=adds_bos, prepend=prepend).statements[0]
    assert statement.tokens.texts[0] == first
    assert [statement.tokens.texts[i] for i in statement.subject] == [" France"]
    assert statement.query == len(statement.tokens.ids) - 1


def test_a_first_token_that_the_tokenizer_does_not_have_is_an_error(tmp_path: Path) -> None:
    known = tokenizer(tmp_path, prepend="always")
    (tmp_path / "tokenizer_config.json").write_text("{}")
    with pytest.raises(StudyError, match="names no beginning-of-sequence token"):
        known.encode("a")


@pytest.mark.parametrize(
    ("measure", "query", "keys"),
    [
        (MeasureSection(query_position="object_last", key_span="object"), 5, (5,)),
        (MeasureSection(query_position="last", key_span="first"), 6, (0,)),
        (MeasureSection(query_position="last", key_span="subject"), 6, (3,)),
    ],
)
def test_the_measure_says_where_from_and_where_to(
    tmp_path: Path, measure: MeasureSection, query: int, keys: tuple[int, ...]
) -> None:
    given = facts(("France", "Paris", "Rome"), template=f"{TEMPLATE} .")
    statement = render(tmp_path, given, measure).statements[0]
    assert (statement.query, statement.keys) == (query, keys)


@pytest.mark.parametrize("query", ["before_object", "subject_last"])
def test_a_position_before_the_object_is_refused_since_twins_are_the_same_there(tmp_path: Path, query: str) -> None:
    measure = MeasureSection(query_position=query)  # type: ignore[arg-type]
    with pytest.raises(InputError, match="each difference would be exactly 0") as caught:
        render(tmp_path, facts(("France", "Paris", "Rome")), measure)
    assert caught.value.problems[0].where == "measure.query_position"
    assert "`last` or `object_last`" in caught.value.problems[0].remedy


AROUND = "It is so that {subject} has {object} ."


@pytest.mark.parametrize(
    ("query", "span", "keys"),
    [
        ("last", "self", (8,)),
        ("last", "previous", (7,)),
        ("last", "relation", (0, 1, 2, 3, 6, 8)),
        ("object_last", "self", (7,)),
        ("object_last", "previous", (6,)),
        ("object_last", "relation", (0, 1, 2, 3, 6)),
    ],
)
def test_a_key_span_may_go_by_the_query_position_and_by_the_templates_own_words(
    tmp_path: Path, query: str, span: str, keys: tuple[int, ...]
) -> None:
    measure = MeasureSection(query_position=query, key_span=span)  # type: ignore[arg-type]
    given = facts(("New York", "Paris", "Rome"), template=AROUND)
    assert render(tmp_path, given, measure).statements[0].keys == keys


def test_a_first_token_that_covers_no_text_is_none_of_the_relations_words(tmp_path: Path) -> None:
    given = facts(("New York", "Paris", "Rome"), template=AROUND)
    statement = render(tmp_path, given, MeasureSection(key_span="relation"), prepend="always").statements[0]
    assert [statement.tokens.texts[at] for at in statement.keys] == ["It", " is", " so", " that", " has", " ."]


def test_the_relations_words_are_refused_where_none_stands_before_the_query_position(tmp_path: Path) -> None:
    measure = MeasureSection(query_position="object_last", key_span="relation")
    given = facts(("France", "Paris", "Rome"), template="{object}: {subject}")
    with pytest.raises(InputError, match="own words stands at or before the query position \\(object_last\\)"):
        render(tmp_path, given, measure)


def test_the_position_before_is_refused_where_the_query_position_is_the_first_token(tmp_path: Path) -> None:
    measure = MeasureSection(query_position="object_last", key_span="previous")
    given = facts(("France", "Paris", "Rome"), template="{object}: {subject}")
    with pytest.raises(InputError, match="no token stands before its query position \\(object_last\\)"):
        render(tmp_path, given, measure)


def test_an_attention_to_itself_that_is_asked_for_is_no_doubt(tmp_path: Path) -> None:
    given = facts(("France", "Paris", "Rome"), template=AROUND)

    def messages(span: str) -> str:
        measure = MeasureSection(key_span=span)  # type: ignore[arg-type]
        return " ".join(notice.message for notice in render(tmp_path, given, measure).notices)

    assert "part of the key span" not in messages("self")
    assert "part of the key span" in messages("relation")


def test_a_key_span_after_the_query_position_is_refused(tmp_path: Path) -> None:
    measure = MeasureSection(query_position="subject_last", key_span="object")
    with pytest.raises(InputError, match="where the model cannot look"):
        render(tmp_path, facts(("France", "Paris", "Rome")), measure)


def test_what_is_too_long_is_left_out_with_its_twin_and_named(tmp_path: Path) -> None:
    given = facts(("France", "Paris", "Rome"), ("Peru", "Lima", "a b c d e f g"))
    rendered = render(tmp_path, given, words=True, context=8)
    assert [statement.fact.subject for statement in rendered.statements] == ["France", "France"]
    (notice,) = [notice for notice in rendered.notices if notice.kind == "left out"]
    assert notice.items == ("Peru – a b c d e f g (r): 12 tokens, more than the model's context of 8",)


def test_nothing_left_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no fact becomes a statement"):
        render(tmp_path, facts(("France", "Paris", "Rome")), context=3)


def test_twins_whose_objects_differ_in_length_are_counted(tmp_path: Path) -> None:
    rendered = render(tmp_path, facts(("France", "Paris", "Rome"), ("Peru", "Lima", "New York")))
    (notice,) = [notice for notice in rendered.notices if "number of tokens" in notice.message]
    assert notice.message.startswith("In 1 of 2 pairs")
    assert notice.items == ("Peru: Lima (1), New York (2)",)


def test_a_token_that_reaches_beyond_the_subject_is_told(tmp_path: Path) -> None:
    folder = tmp_path
    fast = Fast(models.WordLevel({"?": 0, "b": 1, "c": 2}, unk_token="?"))
    fast.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    fast.save(str(folder / "tokenizer.json"))
    given = facts(("France", "b", "c"), template="In {subject}'s view: {object} now")
    rendered = render_statements(given, Tokenizer(folder), MeasureSection())
    (notice,) = [notice for notice in rendered.notices if "covers part of the subject" in notice.message]
    assert notice.items[0] == "In France's view: b now: “France's”"


def test_looking_from_inside_the_span_is_told(tmp_path: Path) -> None:
    given = facts(("France", "Paris", "Rome"), template="{object} is the capital of {subject}")
    assert any("part of the key span" in notice.message for notice in render(tmp_path, given).notices)


def test_labels_hold_what_contrasts_filter_by(tmp_path: Path) -> None:
    fact = Fact("France", "r", "Paris", True, "p1", {"continent": "Europe"}, TEMPLATE)
    rendered = render(tmp_path, FactSet((fact,), (), ""))
    expected = {
        "continent": "Europe",
        "subject": "France",
        "relation": "r",
        "object": "Paris",
        "pair": "p1",
        "truth": True,
    }
    assert rendered.statements[0].labels == expected


@pytest.mark.parametrize("words", [True, False])
def test_many_texts_are_tokenized_as_each_is_alone(tmp_path: Path, words: bool) -> None:
    using = tokenizer(tmp_path, words=words, adds_bos=True)
    texts = ["The capital", "", "France", "🦊 so ü", "The capital", *(f"a {'b ' * n}" for n in range(20))]
    assert using.encode_all(texts) == [using.encode(text) for text in texts]
    first, *_ = using.encode_all(texts)
    assert using.encode_all([texts[0], texts[0]])[0].ids == first.ids


def test_more_texts_than_a_batch_holds_keep_their_order(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tokenizer_module, "BATCH", 2)
    texts = ["a", "b", "a", "c", "d", "b", "e"]
    assert [tokens.texts for tokens in tokenizer(tmp_path).encode_all(texts)] == [(text,) for text in texts]


def test_equal_texts_and_equal_parts_of_texts_are_kept_once(tmp_path: Path) -> None:
    one, other, again = tokenizer(tmp_path).encode_all(
        ["The capital of France", "The capital of Peru", "The capital of France"]
    )
    assert again is one
    assert one.offsets[1] is other.offsets[1]
    assert one.texts[1] is other.texts[1]


def test_a_tokenizer_that_pads_or_cuts_does_neither_here(tmp_path: Path) -> None:
    using = tokenizer(tmp_path)
    file = Fast.from_file(str(tmp_path / "tokenizer.json"))
    file.enable_padding(pad_token="?")
    file.enable_truncation(3)
    file.save(str(tmp_path / "tokenizer.json"))
    assert [tokens.texts for tokens in using.encode_all(["a b c d", "e"])] == [("a", " b", " c", " d"), ("e",)]


def test_what_was_read_before_is_not_read_again(tmp_path: Path) -> None:
    using = tokenizer(tmp_path)
    given = facts(("France", "Paris", "Rome"), ("Peru", "Lima", "New York"))
    before = read_facts(given, using)
    again = read_facts(given, using, before[1:])
    assert again == before
    assert [one is other for one, other in zip(before, again, strict=True)] == [False, True, True, True]


def test_one_fact_is_placed_as_among_many(tmp_path: Path) -> None:
    given = facts(("France", "Paris", "Rome"), template="{object} is the capital of {subject}")
    among = render(tmp_path, given).statements
    assert tuple(place(fact, tokenizer(tmp_path), MeasureSection()) for fact in given.facts) == among


@pytest.mark.parametrize("text", ["plain words", "🦊🦊 fox", "ü and 東京", "ends in 🦊", ""])
@pytest.mark.parametrize("words", [True, False])
def test_the_token_texts_together_are_the_text(tmp_path: Path, text: str, words: bool) -> None:
    assert "".join(tokenizer(tmp_path, words=words).encode(text).texts) == text


def test_a_label_that_a_statement_lacks_is_empty(tmp_path: Path) -> None:
    columns = ({"continent": "Europe"}, {}, {"size": "3"})
    listed = [Fact("France", "r", "Paris", True, f"p{at}", held, TEMPLATE) for at, held in enumerate(columns)]
    labels = label_columns(render(tmp_path, FactSet(tuple(listed), (), "")).statements)
    assert list(labels) == ["continent", "object", "pair", "relation", "size", "subject", "truth"]
    assert labels["continent"].tolist() == ["Europe", "", ""]
    assert labels["size"].tolist() == ["", "", "3"]
    assert labels["truth"].dtype == bool
