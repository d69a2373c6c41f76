"""A model's chat template, and a tokenizer that begins every text as the template does.

1. The template lies beside the tokenizer: `chat_template.jinja`, else `chat_template` in `tokenizer_config.json`, which is one
   template or a list of named ones, of which transformers takes the one called `default`. Converting a GGUF file, transformers
   saves the one in its metadata in the same place.
2. It is rendered for the messages of the spec and the beginning of an answer (`add_generation_prompt`). A template is a program
   of strangers, so this is done in a process of its own, in a sandbox and within bounds (`chat_rendering`).
3. What comes out must hold the messages, as the page will say, and every special token in it must be one that the tokenizer
   itself knows, so that the text becomes the tokens that transformers' `apply_chat_template` gives.
"""

import json
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from reportgen.errors import StudyError, shown
from reportgen.models.tokenizer import Opening, Tokenizer, read_json, text_of
from reportgen.spec.model_section import ChatSection, ModelSection

TEMPLATE = "chat_template.jinja"
_CONFIG = "tokenizer_config.json"

SECONDS, MEMORY, LONGEST = 3, 1 << 30, 100_000
"""How long a template may work, in seconds of the processor; the bytes it may take and the characters it may write."""
_PATIENCE = 60.0

_SPECIAL = ("bos_token", "eos_token", "unk_token", "sep_token", "pad_token", "cls_token", "mask_token")
_REMEDY = "Change the messages under `model.chat`, or leave it out: statements are then read as plain text."


@dataclass(frozen=True)
class _Template:
    """A template and the file that it is from."""

    file: Path
    text: str


def tokenizer_of(section: ModelSection, folder: Path) -> Tokenizer:
    """The tokenizer in a model's folder, as the spec wants it used.

    Raises StudyError where the spec wants a chat template, and there is none or it cannot be used.
    """
    if section.chat is None:
        return Tokenizer(folder, section.prepend_bos)
    template = _template(folder)
    if template is None:
        raise StudyError(
            f"model.chat: no chat template lies beside this model's tokenizer, neither {TEMPLATE} nor `chat_template` in "
            f"{_CONFIG} ({folder}). Leave `chat` out: statements are then read as plain text."
        )
    opening = _rendered(template, section.chat, _special_tokens(folder))
    tokenizer = Tokenizer(folder, section.prepend_bos, opening)
    _require_known(opening, tokenizer)
    return tokenizer


def has_chat_template(folder: Path) -> bool:
    """Whether a chat template lies beside the tokenizer in a model's folder."""
    return (folder / TEMPLATE).is_file() or bool(read_json(folder / _CONFIG).get("chat_template"))


def _template(folder: Path) -> _Template | None:
    """The template that transformers would take; raises StudyError where it could not choose, or the file cannot be read."""
    if (folder / TEMPLATE).is_file():
        try:
            return _Template(folder / TEMPLATE, (folder / TEMPLATE).read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            raise StudyError(f"{folder / TEMPLATE}: not a chat template that can be read ({error})") from error
    found = read_json(folder / _CONFIG).get("chat_template")
    if isinstance(found, list):
        named = {str(one["name"]): one.get("template") for one in found if isinstance(one, dict) and "name" in one}
        if named and "default" not in named:
            listed = ", ".join(map(shown, named))
            raise StudyError(
                f"{folder / _CONFIG}: this model has several chat templates ({listed}), and none is called `default`. "
                f"Save the one that you mean as {TEMPLATE} in a copy of the model's folder, or leave `model.chat` out."
            )
        found = named.get("default")
    return _Template(folder / _CONFIG, found) if isinstance(found, str) and found else None


def _special_tokens(folder: Path) -> dict[str, str]:
    """The special tokens that a template can name, as transformers reads them: the older file alone where the newer one does not
    list what was added to the vocabulary."""
    config = read_json(folder / _CONFIG)
    older = {} if "added_tokens_decoder" in config else read_json(folder / "special_tokens_map.json")
    named = {name: text_of((config | older).get(name)) for name in _SPECIAL}
    return {name: text for name, text in named.items() if text}


def _rendered(template: _Template, chat: ChatSection, tokens: dict[str, str]) -> Opening:
    """Raises StudyError where the template fails, or leaves a message out."""
    messages = [{"role": "user", "content": chat.user}]
    if chat.system is not None:
        messages.insert(0, {"role": "system", "content": chat.system})
    told = _ask(template, messages, tokens)
    if "error" in told:
        line = f":{told['line']}" if told["line"] and template.file.name == TEMPLATE else ""
        why = shown(str(told["error"]).strip().partition("\n")[0])
        raise StudyError(f"{template.file}{line}: the model's chat template fails: {why}. {_REMEDY}")
    if lacking := [one["role"] for one in messages if one["content"].strip() not in told["text"]]:
        raise StudyError(
            f"{template.file}: the model's chat template leaves the {' and the '.join(lacking)} message out. {_REMEDY}"
        )
    return Opening(told["text"], told["dated"])


def _ask(template: _Template, messages: list[dict[str, str]], tokens: dict[str, str]) -> dict[str, Any]:
    """What the process that renders answers (`chat_rendering.Told`); raises StudyError where it was stopped."""
    bounds = {"seconds": SECONDS, "memory": MEMORY, "longest": LONGEST}
    asked = json.dumps({"template": template.text, "messages": messages, "tokens": tokens, **bounds})
    program = Path(__file__).with_name("chat_rendering.py")
    try:
        # Safe paths (-P): a file beside the program must not be taken for one of Python's own modules.
        done = subprocess.run(
            [sys.executable, "-P", str(program)],
            input=asked.encode(),
            capture_output=True,
            timeout=_PATIENCE,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise StudyError(_endless(template)) from error
    except OSError as error:
        raise StudyError(f"{template.file}: no process can be started to render it ({error})") from error
    if done.returncode < 0:  # the system stopped it
        raise StudyError(_endless(template))
    if done.returncode:
        why = done.stderr.decode(errors="replace").strip().rpartition("\n")[2]
        raise StudyError(f"{template.file}: the process that renders it ended with {shown(why)}. {_REMEDY}")
    told: dict[str, Any] = json.loads(done.stdout)
    return told


def _endless(template: _Template) -> str:
    return f"{template.file}: the model's chat template was stopped after {SECONDS} seconds of work. {_REMEDY}"


def _require_known(opening: Opening, tokenizer: Tokenizer) -> None:
    """Raise StudyError where transformers would add a token to the tokenizer that stands in the opening."""
    lacking = {text for text in _configured(tokenizer.folder) if text in opening.text} - tokenizer.added
    if lacking:
        listed = ", ".join(map(shown, sorted(lacking)))
        raise StudyError(
            f"{tokenizer.folder / 'tokenizer.json'}: the chat template writes {listed}, which {_CONFIG} calls special and this "
            "file does not know. Open the tokenizer with transformers and save it anew with `save_pretrained`."
        )


def _configured(folder: Path) -> Iterator[str]:
    """What the configuration says are tokens of their own."""
    yield from _special_tokens(folder).values()
    added = read_json(folder / _CONFIG).get("added_tokens_decoder")
    yield from filter(None, map(text_of, added.values() if isinstance(added, dict) else ()))
