"""A model whose heads all look evenly at everything before them, and a study of it: what is found is known from the
lengths of the statements alone, on every machine, and a site of it can be made again week after week in seconds.

A head's attention to the subject is the subject's share of the statement's tokens. So a true statement with a short object
and a false one with a longer object differ, in every head; and one fact whose true object is very long undoes it.
"""

import shutil
from collections.abc import Mapping
from contextlib import chdir
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Self

from click.testing import CliRunner, Result

from reportgen.cli import main
from reportgen.models.tokenizer import Tokenizer
from reportgen.site.project import Site
from tests import small
from tests.place import QUICK

STUDY, OTHER = "landmarks", "sights"
HEADS = tuple(f"L{layer}H{head}" for layer in range(small.LAYERS) for head in range(small.HEADS))
FIRST = datetime(2025, 11, 24, 16, 0, tzinfo=UTC)
CITIES = {
    "Colosseum": "Rome",
    "Eiffel Tower": "Paris",
    "Brandenburg Gate": "Berlin",
    "Parthenon": "Athens",
    "Kremlin": "Moscow",
    "Prado Museum": "Madrid",
    "Charles Bridge": "Prague",
    "Tower Bridge": "London",
}
LONG = "the same old place near the river and the hills where it has stood for ever"
MOVED = {**CITIES, "Eiffel Tower": LONG}


def save_model(folder: Path, tokenizer: Tokenizer) -> Path:
    """A small Llama model with weights so small that attention is even to a few per cent."""
    import torch
    from transformers import AutoModelForCausalLM, LlamaConfig

    torch.manual_seed(1)
    config = LlamaConfig(
        num_hidden_layers=small.LAYERS,
        num_attention_heads=small.HEADS,
        hidden_size=16,
        intermediate_size=16,
        vocab_size=49152,
        tie_word_embeddings=True,
    )
    return small.save(AutoModelForCausalLM.from_config(config), folder, tokenizer)


def spec(cities: Mapping[str, str] = CITIES, study: str = STUDY, title: str = "Landmarks and their cities") -> str:
    """The study, every false object longer than every true one of `CITIES`."""
    others = [*list(CITIES.values())[1:], "Rome"]
    items = "\n".join(
        f"    - {{subject: {subject}, relation: located in, object: {city}, false_object: the city of {other}}}"
        for (subject, city), other in zip(cities.items(), others, strict=True)
    )
    return f"""
study: {{id: {study}, title: {title}}}
model: {{folder: ../model}}
facts:
  false_objects: given
  relations:
    located in: {{template: "The {{subject}} is located in the city of {{object}}"}}
  items:
{items}
{QUICK}"""


@dataclass(frozen=True)
class Weekly:
    """A folder with a model, two specs and a site, which the command line makes again week after week."""

    folder: Path

    @classmethod
    def begin(cls, folder: Path, tokenizer: Tokenizer) -> Self:
        """The folder before its first build."""
        save_model(folder / "model", tokenizer)
        (folder / "specs").mkdir()
        weekly = cls(folder)
        weekly.write(spec())
        weekly.write(spec(study=OTHER, title="Sights"), OTHER)
        return weekly

    def copy(self, folder: Path) -> Self:
        """All of it in another folder."""
        shutil.copytree(self.folder, folder, symlinks=True, dirs_exist_ok=True)
        return type(self)(folder)

    def write(self, text: str, study: str = STUDY) -> None:
        """Leave this spec of the study."""
        (self.folder / "specs" / f"{study}.yml").write_text(text)

    def run(self, *arguments: str, week: float) -> Result:
        """What the command line does in that week, counted from the first, and by the clock of that week."""
        with chdir(self.folder):
            return CliRunner(env=self.environment(week)).invoke(main, list(arguments), catch_exceptions=False)

    def environment(self, week: float) -> dict[str, str]:
        """What the command line runs in."""
        moment = FIRST + timedelta(weeks=week)
        return {"REPORTGEN_CACHE": str(self.cache), "SOURCE_DATE_EPOCH": str(int(moment.timestamp()))}

    @property
    def cache(self) -> Path:
        """Where scores are kept."""
        return self.folder / "cache"

    @property
    def site(self) -> Site:
        """The website project."""
        return Site.at(self.folder / "site", "pandoc")

    def page(self, name: str) -> str:
        """A page of the published site as HTML: "changes", "studies/landmarks/history"."""
        return (self.site.published / f"{name}.html").read_text()


def day(week: float) -> str:
    """The day of a week's run."""
    return f"{FIRST + timedelta(weeks=week):%Y-%m-%d}"
