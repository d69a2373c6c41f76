"""Statements inside a chat template become the tokens that transformers makes of the same messages and the same text."""

from pathlib import Path

import pytest
from transformers import AutoTokenizer

from reportgen.models.chat import tokenizer_of
from reportgen.models.tokenizer import Tokenizer, Tokens
from reportgen.spec.model_section import ChatSection, ModelSection
from tests.chatting import TEMPLATES, TOKENIZERS, save

TEXTS = ("The Colosseum is located in Rome", "Rome", " a space first", "\n\nLines first", "Ümläute, 漢字 and 🦊.", "")
CHATS = (
    ChatSection(),
    ChatSection(user="  What is where?\n"),
    ChatSection(user="Say \"so\" <b>, é 漢 & 'more'.", system="Be brief."),
)


def require_equal(folder: Path, chat: ChatSection, text: str) -> Tokens:
    """Our tokens, which must be those of transformers, with the same characters beneath them."""
    messages = [{"role": "user", "content": chat.user}]
    if chat.system:
        messages.insert(0, {"role": "system", "content": chat.system})
    theirs = AutoTokenizer.from_pretrained(folder, local_files_only=True)
    opening = theirs.apply_chat_template(messages, add_generation_prompt=True, tokenize=False)
    expected = theirs(opening + text, add_special_tokens=False, return_offsets_mapping=True)
    if not text:
        ids = theirs.apply_chat_template(messages, add_generation_prompt=True, tokenize=True, return_dict=False)
        assert ids == expected["input_ids"]
    ours = tokenizer_of(ModelSection(folder=str(folder), chat=chat), folder).encode(text)
    assert list(ours.ids) == expected["input_ids"]
    before = len(opening)
    assert list(ours.offsets) == [
        (max(left - before, 0), max(right - before, 0)) for left, right in expected["offset_mapping"]
    ]
    assert before
    assert ours.offsets[0] == (0, 0)
    return ours


@pytest.mark.parametrize("chat", CHATS, ids=["default", "spaces", "system"])
@pytest.mark.parametrize("text", TEXTS)
def test_the_real_instruct_model(smollm_tokenizer: Tokenizer, chat: ChatSection, text: str) -> None:
    ours = require_equal(smollm_tokenizer.folder, chat, text)
    assert ours.texts[0] == "<|im_start|>"
    assert "".join(ours.texts).replace("\n", "↵").endswith("<|im_start|>assistant↵" + text.replace("\n", "↵"))


@pytest.mark.parametrize("chat", CHATS, ids=["default", "spaces", "system"])
@pytest.mark.parametrize("template", TEMPLATES)
@pytest.mark.parametrize("kind", TOKENIZERS)
@pytest.mark.parametrize("jinja", [True, False])
def test_every_way_of_writing_a_template(
    tmp_path: Path, chat: ChatSection, template: str, kind: str, jinja: bool
) -> None:
    folder = save(tmp_path, TOKENIZERS[kind](), TEMPLATES[template], jinja=jinja)
    for text in TEXTS:
        require_equal(folder, chat, text)


@pytest.mark.parametrize("jinja", [True, False])
def test_of_several_templates_the_default_one_is_taken(tmp_path: Path, jinja: bool) -> None:
    templates = {"default": TEMPLATES["roles"], "tool_use": TEMPLATES["plain"]}
    folder = save(tmp_path, TOKENIZERS["byte level"](), templates, jinja=jinja)
    ours = require_equal(folder, ChatSection(), "Rome")
    assert ours.texts[1] == "<|start|>"


def test_a_token_that_the_template_writes_is_never_doubled(tmp_path: Path) -> None:
    folder = save(tmp_path, TOKENIZERS["byte level"](), TEMPLATES["roles"])
    ours = require_equal(folder, ChatSection(), "Rome")
    bos = Tokenizer(folder).bos
    assert bos is not None, "this tokenizer puts one first by itself"
    assert [place for place, token in enumerate(ours.ids) if token == bos] == [0]
