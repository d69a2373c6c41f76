"""A small random model and statements for it, for tests of what happens around a capture; how any such model is saved."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from reportgen.capture.opening import ProvenModel
from reportgen.facts.fact import Fact, FactSet
from reportgen.models.source import find_model
from reportgen.models.tokenizer import Tokenizer
from reportgen.progress import Progress, Silent
from reportgen.spec.model import MeasureSection, ModelSection
from reportgen.statements import Statement, render_statements

LAYERS, HEADS = 3, 2
STATEMENTS, SHARD = 40, 8


def save_model(folder: Path, tokenizer: Tokenizer) -> Path:
    """A Llama model whose attention is far from uniform, with someone's tokenizer."""
    import torch
    from transformers import AutoModelForCausalLM, LlamaConfig

    torch.manual_seed(1)
    config = LlamaConfig(
        num_hidden_layers=LAYERS,
        num_attention_heads=HEADS,
        hidden_size=16,
        intermediate_size=16,
        vocab_size=49152,
        tie_word_embeddings=True,
    )
    model = AutoModelForCausalLM.from_config(config)
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if parameter.dim() > 1:
                parameter.normal_(0, 1.0 if "embed" in name else 0.35)
    return save(model, folder, tokenizer)


def sharpen(model: Any) -> None:
    """Weights so large that attention is far from uniform; the embeddings are left as they are."""
    import torch

    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if parameter.dim() > 1 and "embed" not in name and "wte" not in name:
                parameter.normal_(0, 0.35)


def save(model: Any, folder: Path, tokenizer: Tokenizer) -> Path:
    """The model's files, with someone's tokenizer."""
    model.save_pretrained(folder)
    for name in ("tokenizer.json", "tokenizer_config.json"):
        (folder / name).write_bytes((tokenizer.folder / name).read_bytes())
    return folder


def statements(folder: Path) -> tuple[Statement, ...]:
    """`STATEMENTS` statements, true and false twins."""
    half = STATEMENTS // 2
    facts = [
        Fact(
            f"subject {i}",
            "r",
            f"object {(i + shift) % half}",
            not shift,
            f"p{i}",
            {},
            "The friend of {subject} is {object}",
        )
        for i in range(half)
        for shift in (0, 1)
    ]
    return render_statements(FactSet(tuple(facts), (), ""), Tokenizer(folder), MeasureSection()).statements


def proven(folder: Path, cache: Path, progress: Progress | None = None) -> ProvenModel:
    """The model, not yet opened."""
    section = ModelSection(folder=str(folder), device="cpu")
    return ProvenModel(find_model(section, Path("/"), cache), section, cache, progress or Silent())


def shards(cache: Path) -> list[Path]:
    """The shards of scores in a cache."""
    return [path for path in (cache / "scores").glob("*/*") if not path.name.startswith(".")]


def leftovers(cache: Path) -> list[Path]:
    """What killed processes left of their writes."""
    return list(cache.rglob(".partial-*"))


class Heard(Silent):
    """Remembers what is said."""

    def __init__(self) -> None:
        self.said: list[str] = []
        self.counted = 0

    def say(self, message: str) -> None:
        """One line."""
        self.said.append(message)

    @contextmanager
    def counting(self, label: str, total: int, unit: str) -> Iterator:  # noqa: ARG002
        """Remember how many units were done."""
        yield self.count

    def count(self, n: int) -> None:
        """So many more are done."""
        assert n > 0
        self.counted += n
