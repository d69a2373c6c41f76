"""How statements are read, in a reader's words: as plain text, or inside the model's chat template."""

from reportgen import numbers
from reportgen.models.chat import has_chat_template
from reportgen.models.tokenizer import Tokenizer
from reportgen.notices import Notice
from reportgen.spec.model_section import ChatSection, ModelSection

_DAY = "26 July 2024"


def read_as(section: ModelSection, tokenizer: Tokenizer) -> str:
    """The sentences that say it; nothing for a model without a chat template, whose statements are plain text."""
    if section.chat is not None:
        return _inside(section.chat, tokenizer)
    if has_chat_template(tokenizer.folder):
        return "The model has a chat template; statements are read as plain text without it."
    return ""


def chat_notices(section: ModelSection, tokenizer: Tokenizer) -> tuple[Notice, ...]:
    """A note where statements are read inside the chat template."""
    return (Notice("note", read_as(section, tokenizer)),) if section.chat is not None else ()


def with_opening(tokenizer: Tokenizer) -> str:
    """What to say behind a number of tokens where the chat template's are among them."""
    return "" if tokenizer.opening is None else " with the chat template's before it"


def _inside(chat: ChatSection, tokenizer: Tokenizer) -> str:
    system = f"the system message “{chat.system}” and " if chat.system is not None else ""
    before = numbers.things(len(tokenizer.encode("").ids), "token")
    said = (
        "Each statement is read as the beginning of the assistant's answer in the model's chat template, after "
        f"{system}the user's message “{chat.user}”: {before} stand before its own."
    )
    if tokenizer.opening is None or not tokenizer.opening.dated:
        return said
    return f"{said} The template writes a date, which is {_DAY} in every run, so that no score depends on the day."
