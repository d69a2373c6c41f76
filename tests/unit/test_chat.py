"""Statements inside a chat template: what is read, what is refused, and what is said of it."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from pydantic import ValidationError
from safetensors.numpy import save_file

from reportgen.contexts import Telling
from reportgen.errors import StudyError
from reportgen.models import chat as chat_module
from reportgen.models.chat import has_chat_template, tokenizer_of
from reportgen.models.source import find_model
from reportgen.models.tokenizer import Opening, Tokenizer
from reportgen.report.chat_words import chat_notices, read_as, with_opening
from reportgen.spec.model import MeasureSection, RobustnessSection
from reportgen.spec.model_section import ChatSection, ModelSection
from reportgen.statements import Statement, render_statements
from reportgen.universes import Measures, measures
from tests.chatting import INST, ROLES, byte_level
from tests.unit import test_locking as locking
from tests.unit.test_statements import facts
from tests.unit.test_universes import spec

CHAT = ModelSection(folder="m", chat=ChatSection())
GIVEN = facts(*((f"Land {i}", f"Town {i}", f"Town {i + 1}") for i in range(8)))


def folder_with(folder: Path, template: object = ROLES, file: str = "", **config: object) -> Path:
    byte_level().save(str(folder / "tokenizer.json"))
    said = {"bos_token": "<s>", "chat_template": template, **config}
    (folder / "tokenizer_config.json").write_text(json.dumps({key: value for key, value in said.items() if value}))
    if file:
        (folder / "chat_template.jinja").write_text(file, encoding="utf-8")
    return folder


def opened(folder: Path, template: object = ROLES, section: ModelSection = CHAT, **options: str) -> Tokenizer:
    return tokenizer_of(section, folder_with(folder, template, **options))


def text(folder: Path, template: object = ROLES, section: ModelSection = CHAT, **options: str) -> str:
    opening = opened(folder, template, section, **options).opening
    assert opening is not None
    return opening.text


def refused(folder: Path, template: object, section: ModelSection = CHAT, **options: str) -> str:
    with pytest.raises(StudyError) as caught:
        opened(folder, template, section, **options)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def statements(folder: Path, **measure: str) -> tuple[Statement, ...]:
    return render_statements(GIVEN, opened(folder), MeasureSection(**measure)).statements  # type: ignore[arg-type]


def said(messages: dict[str, str]) -> ModelSection:
    return ModelSection(folder="m", chat=ChatSection(**messages))


def test_without_the_key_nothing_stands_before_a_text(tmp_path: Path) -> None:
    plain = tokenizer_of(ModelSection(folder="m", prepend_bos="never"), folder_with(tmp_path))
    assert plain == Tokenizer(tmp_path, "never")
    assert "".join(plain.encode("a b").texts) == "a b"


def test_the_messages_stand_before_the_text_and_nothing_after_it(tmp_path: Path) -> None:
    section = said({"user": "Where?", "system": "Be brief."})
    using = opened(tmp_path, section=section)
    assert using.opening == Opening(
        "<s><|start|>system\nBe brief.<|end|>\n<|start|>user\nWhere?<|end|>\n<|start|>assistant\n"
    )
    tokens = using.encode("in Rome")
    assert tokens.texts[:2] == ("<s>", "<|start|>")
    assert tokens.texts[-8:] == ("↵", *"in Rome")
    assert tokens.offsets[:-7] == ((0, 0),) * (len(tokens.ids) - 7)
    assert tokens.offsets[-7:] == tuple((place, place + 1) for place in range(7))


def test_places_are_those_of_the_statement_and_the_first_token_is_the_templates(tmp_path: Path) -> None:
    for statement in statements(tmp_path, key_span="relation"):
        assert statement.query == len(statement.tokens.ids) - 1
        texts = [
            "".join(statement.tokens.texts[place] for place in places) for places in (statement.subject, statement.keys)
        ]
        assert texts == [statement.fact.subject, "The capital of  is "]
        assert not statement.text.startswith("<")
    assert {statement.keys for statement in statements(tmp_path, key_span="first")} == {(0,)}


def test_other_sentences_stand_behind_the_opening_too(tmp_path: Path) -> None:
    telling = Telling(opened(tmp_path), MeasureSection(key_span="relation"))
    (read,) = telling.after(["The capital of Peru is Lima. "], GIVEN.facts[:1])
    assert isinstance(read, Statement)
    whole = "".join(read.tokens.texts)
    assert whole.endswith("<|start|>assistant↵The capital of Peru is Lima. The capital of Land 0 is Town 0")
    assert "".join(read.tokens.texts[key] for key in read.keys) == "The capital of  is "
    assert read.keys[0] > whole.index("Lima") - whole.count("<|") * 10


def test_a_text_that_is_too_long_with_the_opening_is_left_out(tmp_path: Path) -> None:
    using = opened(tmp_path)
    (tmp_path / "config.json").write_text(json.dumps({"max_position_embeddings": len(using.encode("").ids) + 50}))
    longer = facts(*((f"Land {i}" * (i + 1), f"Town {i}", f"Town {i + 1}") for i in range(8)))
    placed = render_statements(longer, replace(using), MeasureSection())
    assert 0 < len(placed.statements) < len(longer.facts)
    assert "more than the model's context" in placed.notices[0].items[0]


@pytest.mark.parametrize(("template", "bos"), [(ROLES, True), (ROLES.replace("{{- bos_token }}", ""), False)])
def test_whether_a_text_begins_with_that_token_is_the_templates_affair(
    tmp_path: Path, template: str, bos: bool
) -> None:
    using = opened(tmp_path, template)
    own = Tokenizer(tmp_path).bos
    assert own is not None, "by itself this tokenizer puts one first"
    assert using.bos == (own if bos else None)
    assert using.encode("a").ids.count(own) == int(bos)


@pytest.mark.parametrize("asked", ["always", "never"])
def test_another_first_token_beside_a_template_is_refused(asked: str) -> None:
    with pytest.raises(ValidationError, match="the template says which token comes first"):
        ModelSection(folder="m", prepend_bos=asked, chat=ChatSection())  # type: ignore[arg-type]


def read(folder: Path) -> Measures:
    wanted, using = spec(RobustnessSection(query_positions=(), aggregations=())), opened(folder)
    return measures(GIVEN, using, wanted, render_statements(GIVEN, using, wanted.measure).statements)


def test_the_robustness_page_leaves_the_first_token_to_the_template(tmp_path: Path) -> None:
    found = read(tmp_path)
    assert [measure.prepend_bos for measure in found.statements] == ["always"]
    assert [measure.prepend_bos for measure in found.impossible] == ["never"]
    assert set(found.impossible.values()) == {"the chat template says which token comes first"}


@pytest.mark.parametrize(
    ("template", "file"),
    [
        ("other", ROLES),
        (ROLES, ""),
        ([{"name": "tool_use", "template": "other"}, {"name": "default", "template": ROLES}], ""),
    ],
)
def test_the_template_is_found_where_transformers_finds_it(tmp_path: Path, template: object, file: str) -> None:
    assert text(tmp_path, template, file=file).startswith("<s><|start|>user\nState a fact.")


def test_special_tokens_come_from_either_file(tmp_path: Path) -> None:
    folder = folder_with(tmp_path, "{{ bos_token }}{{ eos_token }}{{ messages[0].content }}", bos_token="")
    (folder / "special_tokens_map.json").write_text(json.dumps({"bos_token": {"content": "<s>"}, "eos_token": "</s>"}))
    opening = tokenizer_of(CHAT, folder).opening
    assert opening is not None
    assert opening.text == "<s></s>State a fact."


@pytest.mark.parametrize("template", ["", 3, []])
def test_a_model_without_a_template_is_named_with_what_to_do(tmp_path: Path, template: object) -> None:
    message = refused(tmp_path, template)
    assert message.startswith("model.chat: no chat template lies beside this model's tokenizer")
    assert "Leave `chat` out: statements are then read as plain text." in message


def test_several_templates_without_a_default_are_named(tmp_path: Path) -> None:
    named = [{"name": name, "template": ROLES} for name in ("rag", "tool_use")]
    assert "several chat templates (`rag`, `tool_use`), and none is called `default`" in refused(tmp_path, named)


@pytest.mark.parametrize(
    ("template", "why"),
    [
        ("a\nb\n{% if %}", ":3: the model's chat template fails: `Expected an expression"),
        ("\n{{ raise_exception('System role not supported') }}", ":2: the model's chat template fails: `System role"),
        ("{{ messages[7].content }}", ":1: the model's chat template fails: `list object has no element 7`"),
        ("{{ ''.__class__.__mro__ }}", "`access to attribute '__class__' of 'str' object is unsafe.`"),
        ("{{ messages.append(1) }}", "unsafe"),
        ("{% set ns = namespace() %}{% set ns._x = 1 %}", "it names '_x' in a namespace"),
        ("{{ messages | random }}", "it draws at random"),
        ("{{ lipsum() }}", "it draws at random"),
        ("{% macro f() %}{{ f() }}{% endmacro %}{{ f() }}", "maximum recursion depth"),
        ("{% for _ in range(99999) %}long long{% endfor %}", "it writes more than 100,000 characters"),
        ("{% include 'x' %}", "no loader for this environment"),
        ("{{ strftime_now(3) }}", "must be str"),
        ("{{ messages[0].role }}", "the model's chat template leaves the user message out."),
    ],
)
def test_a_template_that_cannot_be_used_is_told_with_its_file(tmp_path: Path, template: str, why: str) -> None:
    message = refused(tmp_path, "", file=template)
    assert message.startswith(str(tmp_path / "chat_template.jinja"))
    assert why in message
    assert message.endswith("or leave it out: statements are then read as plain text.")


def test_a_system_message_that_gets_lost_is_told(tmp_path: Path) -> None:
    lost = "{{ messages[-1].content }}"
    assert "leaves the system message out" in refused(tmp_path, lost, said({"system": "Be brief."}))
    assert text(tmp_path, INST, said({"system": "Be brief."})) == "<s>[INST] Be brief.\nState a fact. [/INST]"


@pytest.mark.parametrize(
    "template",
    [
        "{% for _ in range(99999) %}{% for _ in range(99999) %}{% endfor %}{% endfor %}",
        "{{ 9 ** (9 ** (9 + 1)) }}",
    ],
)
def test_a_template_that_never_ends_is_stopped(tmp_path: Path, template: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(chat_module, "SECONDS", 1)
    assert "was stopped after 1 seconds of work" in refused(tmp_path, template)


def test_a_template_that_takes_all_memory_is_stopped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(chat_module, "MEMORY", 1 << 28)
    doubling = (
        "{% set ns = namespace(x='a') %}{% for _ in range(40) %}{% set ns.x = ns.x ~ ns.x %}{% endfor %}{{ ns.x }}"
    )
    assert "it takes more than 256 MiB of memory" in refused(tmp_path, doubling)


def test_no_template_learns_the_day(tmp_path: Path) -> None:
    dated = "{{ bos_token }}Today is {{ strftime_now('%d %b %Y, %H:%M') }}. {{ messages[0].content }}"
    using = opened(tmp_path, dated)
    assert using.opening == Opening("<s>Today is 26 Jul 2024, 00:00. State a fact.", dated=True)
    assert "a date, which is 26 July 2024 in every run" in read_as(CHAT, using)


def test_a_special_token_that_transformers_would_add_is_told(tmp_path: Path) -> None:
    added = {"300": {"content": "<|turn|>", "special": True}}
    folder = folder_with(tmp_path, "<|turn|>{{ messages[0].content }}", added_tokens_decoder=added)
    with pytest.raises(StudyError, match=r"tokenizer.json: the chat template writes `<\|turn\|>`, .* save it anew"):
        tokenizer_of(CHAT, folder)


def test_a_configuration_that_is_no_json_is_told_with_its_file(tmp_path: Path) -> None:
    (folder_with(tmp_path) / "tokenizer_config.json").write_text("{")
    with pytest.raises(StudyError, match=r"tokenizer_config\.json: not a configuration that can be read"):
        tokenizer_of(CHAT, tmp_path)


def test_the_page_says_how_statements_are_read(tmp_path: Path) -> None:
    section = said({"user": "Where?", "system": "Be brief."})
    using = opened(tmp_path, section=section)
    assert read_as(section, using) == (
        "Each statement is read as the beginning of the assistant's answer in the model's chat template, after the system "
        f"message “Be brief.” and the user's message “Where?”: {len(using.encode('').ids)} tokens stand before its own."
    )
    (notice,) = chat_notices(section, using)
    assert (notice.kind, notice.message) == ("note", read_as(section, using))
    assert with_opening(using) == " with the chat template's before it"


def test_the_page_says_where_a_template_is_left_aside(tmp_path: Path) -> None:
    plain = ModelSection(folder="m")
    assert has_chat_template(folder_with(tmp_path))
    assert read_as(plain, Tokenizer(tmp_path)) == (
        "The model has a chat template; statements are read as plain text without it."
    )
    assert chat_notices(plain, Tokenizer(tmp_path)) == ()
    folder_with(tmp_path, "")
    assert not has_chat_template(tmp_path)
    assert read_as(plain, Tokenizer(tmp_path)) == with_opening(Tokenizer(tmp_path)) == ""


def test_a_lock_holds_what_is_asked() -> None:
    asking = {"model": locking.SPEC.model.model_copy(update={"chat": ChatSection(user="Where?")})}
    assert locking.told(locking.SPEC.model_copy(update=asking)) == ["model: `chat.user` was none, is Where?"]


def test_another_template_makes_another_model_of_a_folder(tmp_path: Path) -> None:
    folder = tmp_path / "m"
    folder.mkdir()
    (folder_with(folder, "") / "config.json").write_text("{}")
    save_file({"w": np.zeros(2, np.float32)}, folder / "model.safetensors")
    found = []
    for template in ("", ROLES, INST):
        (folder / "chat_template.jinja").write_text(template)
        found.append(find_model(CHAT, tmp_path, tmp_path / "cache").identity)
    assert len(set(found)) == 3
