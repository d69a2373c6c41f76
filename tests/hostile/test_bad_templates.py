"""Templates that would run something, reach into Python or never end: refused in words, and nothing runs."""

import json
import time
from pathlib import Path

import pytest
from pydantic import ValidationError

from reportgen.errors import InputError, StudyError
from reportgen.facts.read import read_facts
from reportgen.models import chat as chat_module
from reportgen.models.chat import tokenizer_of
from reportgen.spec.facts_section import FactsSection, RelationSection
from reportgen.spec.load import load_spec
from reportgen.spec.model_section import ChatSection, ModelSection
from tests.chatting import byte_level

CHAT = ModelSection(folder="m", chat=ChatSection())
SLOTS = "{{ subject }} {{ object }}"

PLAIN = (
    *(
        "{subject.__class__}",
        "{subject[0]}",
        "{subject!r}",
        "{subject!s}",
        "{subject:>1000000000}",
        "{subject:{object}}",
    ),
    *("{subject.__init__.__globals__}", "{0}", "{}", "{subject }", "{ subject}", "{subject-object}", "{subject()}"),
)

ESCAPES = (
    "{{ ''.__class__.__mro__[1].__subclasses__() }}",
    "{{ ().__class__.__base__ }}",
    "{{ cycler.__init__.__globals__.os.popen('touch MARK').read() }}",
    "{{ joiner.__init__.__globals__.os.system('touch MARK') }}",
    "{{ namespace.__init__.__globals__['os'].system('touch MARK') }}",
    "{{ lipsum.__globals__['os'].popen('touch MARK').read() }}",
    "{{ lipsum['__glob' ~ 'als__'] }}",
    "{{ self.__init__.__globals__.__builtins__.open('MARK', 'w') }}",
    "{{ self._TemplateReference__context }}",
    "{{ ''|attr('__class__') }}",
    "{{ ''|attr('__cla' ~ 'ss__')|attr('__mro__') }}",
    "{{ ['']|map(attribute='__class__')|list }}",
    "{{ ['']|map('attr', '__class__')|list }}",
    "{{ ['']|selectattr('__class__')|groupby('__class__')|list }}",
    "{{ '{0.__class__}'.format('') }}",
    "{{ '{a.__class__.__mro__}'.format_map({'a': 1}) }}",
    "{{ '%s' | format(''.__class__) }}",
    "{{ {}.__class__.fromkeys.__self__ }}",
    "{{ (1).__class__ }}",
    "{{ range.__class__ }}",
    "{% set x = ''.__class__ %}{{ x }}",
    "{% for x in [].__class__.__mro__ %}{{ x }}{% endfor %}",
    "{% macro m() %}{{ m.__globals__ }}{% endmacro %}{{ m() }}",
    "{% import 'os' as os %}{{ os }}",
    "{% include '/etc/passwd' %}",
    "{% extends '/etc/passwd' %}",
    "{{ config.__class__.__init__.__globals__ }}",
    "{{ url_for.__globals__ }}",
    "{{ messages.__class__ }}",
    "{{ raise_exception.__globals__ }}",
    "{{ strftime_now.__closure__ }}",
    "{{ strftime_now.__globals__['sys'] }}",
    "{{ ''.join.__self__.__class__ }}",
    "{{ subject.__class__ }}",
    "{{ subject['__class__'] }}",
    "{{ subject|map('upper')|list.append(1) }}",
)
"""Known ways out of Jinja's sandbox, and out of templates that have none."""

BOMBS = (
    "{{ 'a' * 10 ** 9 }}",
    "{{ 'a' * 10 ** 12 }}",
    "{{ [0] * 10 ** 10 }}",
    "{{ range(10 ** 12) | list }}",
    "{{ range(99999999) | list }}",
    "{{ 9 ** (9 ** (9 ** 9)) }}",
    "{{ 'a' | center(10 ** 10) }}",
    "{{ '%1000000000d' | format(1) }}",
    "{{ '{:>2000000000}'.format(1) }}",
    "{{ 'a'.ljust(10 ** 10) }}",
    "{% for a in range(99999) %}{% for b in range(99999) %}{{ a }}{% endfor %}{% endfor %}",
    "{% macro f() %}{{ f() }}{{ f() }}{% endmacro %}{{ f() }}",
    "{% set x = namespace(v='a') %}{% for i in range(99) %}{% set x.v = x.v ~ x.v %}{% endfor %}{{ x.v }}",
    "{{ '" + "a" * 50 + "' | wordwrap(1) | indent(10 ** 9) }}",
)


@pytest.mark.parametrize("template", PLAIN)
def test_a_slot_is_a_name_and_nothing_else(template: str) -> None:
    for text in (f"{template} {{object}}", f"{{subject}} {{object}} {template}"):
        with pytest.raises(ValidationError) as caught:
            RelationSection(template=text)
        said = str(caught.value.errors()[0]["ctx"]["error"])
        assert said.startswith(("a slot is a name in braces", "a slot is one word", "a template names {subject}"))


@pytest.mark.parametrize("template", [*ESCAPES, *BOMBS])
def test_facts_know_no_more_of_jinja_than_they_need(
    tmp_path: Path, template: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    spec = tmp_path / "s.yml"
    said = {"study": {"id": "s", "title": "S"}, "model": {"hub": "gpt2"}}
    relations = {"r": {"template": SLOTS + template}}
    items = [{"subject": "a", "relation": "r", "object": "b"}]
    spec.write_text(json.dumps({**said, "facts": {"relations": relations, "items": items}}))
    began = time.monotonic()
    with pytest.raises(InputError) as caught:
        load_spec(spec)
    assert time.monotonic() - began < 5
    (problem,) = caught.value.problems
    assert problem.where.startswith(f"{spec}:1:")
    assert problem.message.startswith(("a template may not use", "this is no Jinja", "the filter", "a slot of Jinja"))
    assert [path.name for path in tmp_path.iterdir()] == ["s.yml"]


def test_facts_that_bring_their_templates_know_no_more(tmp_path: Path) -> None:
    """Wordings of data sets are made of prompts; one that holds braces is no fact."""
    rewrite = {"relation_id": "P1", "subject": "a", "target_true": {"str": "b"}, "target_new": {"str": "c"}}
    good = {"requested_rewrite": {**rewrite, "prompt": "{} is"}}
    evil = [{"requested_rewrite": {**rewrite, "prompt": f"{{}} {template}"}} for template in (*ESCAPES, *BOMBS, *PLAIN)]
    (tmp_path / "counterfact.json").write_text(json.dumps([*evil, good]))
    found = read_facts(FactsSection(file="counterfact.json", format="counterfact"), tmp_path / "s.yml")
    assert [row.templates for row in found.rows] == [("{subject} is {object}",)]


def said_of(folder: Path) -> tuple[str, str]:
    """The error of the chat template in a folder, and what it writes behind the message."""
    try:
        opening = tokenizer_of(CHAT, folder).opening
    except StudyError as error:
        return str(error), ""
    assert opening is not None
    return "", opening.text.partition("|")[2]


@pytest.mark.parametrize("template", ESCAPES)
def test_nothing_gets_out_of_a_chat_template(tmp_path: Path, template: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """It fails, or it writes what says nothing: no class, no function, no file."""
    monkeypatch.chdir(tmp_path)
    byte_level().save(str(tmp_path / "tokenizer.json"))
    text = "{{ messages[0].content }}|" + template.replace("MARK", str(tmp_path / "mark"))
    (tmp_path / "chat_template.jinja").write_text(text)
    error, written = said_of(tmp_path)
    if error:
        assert error.startswith(f"{tmp_path / 'chat_template.jinja'}:1: the model's chat template fails: `")
    said = error.replace(template, "") + written
    assert not any(word in said for word in ("<class '", "<function", "<module", "object at", "root:", "builtin_"))
    assert not (tmp_path / "mark").exists()


@pytest.mark.parametrize("template", BOMBS)
def test_a_chat_template_that_is_a_bomb_is_stopped(
    tmp_path: Path, template: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(chat_module, "SECONDS", 1)
    monkeypatch.setattr(chat_module, "MEMORY", 1 << 28)
    byte_level().save(str(tmp_path / "tokenizer.json"))
    (tmp_path / "chat_template.jinja").write_text("{{ messages[0].content }}|" + template)
    began = time.monotonic()
    with pytest.raises(StudyError, match="the model's chat template"):
        tokenizer_of(CHAT, tmp_path)
    assert time.monotonic() - began < 15


def test_a_message_is_no_template(tmp_path: Path) -> None:
    byte_level().save(str(tmp_path / "tokenizer.json"))
    (tmp_path / "chat_template.jinja").write_text("{{ messages[0].content }}")
    evil = "{{ cycler.__init__.__globals__ }}{% for a in b %}"
    opening = tokenizer_of(ModelSection(folder="m", chat=ChatSection(user=evil)), tmp_path).opening
    assert opening is not None
    assert opening.text == evil
