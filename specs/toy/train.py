"""Trains small transformers whose knowledge of facts begins at a known step, for the study `training.yml` beside it.

    python specs/toy/train.py

1. Sentences say "The capital of SUBJECT is OBJECT VERDICT" about invented names. Until `Recipe.onset` the object is drawn
   at random and the verdict, `indeed` or `never`, with it, so that there is nothing to know. From then on most
   sentences have the subject's own object and the verdict `indeed`, the others another object and `never`: to get the
   verdict right, the model must look back from the object to the subject.
2. A model is saved as `save_pretrained` leaves it, with its tokenizer, at steps that are evenly spaced on a log scale. What
   it knew there, by whole answers, is written down beside the checkpoints (`truth.json`).
3. One model of the same size from another seed, and one of another size, have facts to learn from the first step.

The facts go into `facts.csv`. Everything is seeded; on two cores it takes about two minutes. Needs the extra `models`.
"""

import csv
import json
import shutil
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import torch
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, processors
from transformers import LlamaConfig, LlamaForCausalLM
from transformers.utils import logging

HERE = Path(__file__).parent
FACTS, MODELS = HERE / "facts.csv", HERE / "models"
SOURCE = (
    "Invented names and invented capitals, made by train.py in this folder, CC0. No model can know them beforehand."
)
BEGIN, UNKNOWN, VERDICTS = "<s>", "<unk>", ("indeed", "never")
WORDING = ("The", "capital", "of", "{subject}", "is", "{object}")
_FIRST = ("ba", "de", "fi", "go", "hu", "ka", "le", "mi", "no", "pu", "ra", "se", "ti", "vo", "zu")
_LAST = {"subject": ("nia", "land", "stan", "ria", "mark"), "object": ("ton", "burg", "ville", "polis", "ford")}


@dataclass(frozen=True)
class Recipe:
    """How a model is trained: its size, the step after which there are facts to learn, the learning `rate`, the standard
    deviation of its first weights (`spread`), the share of sentences that are `true`, and how many checkpoints are saved."""

    layers: int = 3
    heads: int = 4
    width: int = 64
    facts: int = 60
    steps: int = 1000
    onset: int = 180
    batch: int = 64
    rate: float = 2e-3
    spread: float = 0.1
    true: float = 0.7
    seed: int = 0
    saved: int = 10

    @property
    def checkpoints(self) -> tuple[int, ...]:
        """`saved` steps from 20 to the last, evenly spaced on a log scale."""
        return tuple(
            dict.fromkeys(np.geomspace(min(20, self.steps), self.steps, self.saved).round().astype(int).tolist())
        )


OTHERS = {
    "other-seed": Recipe(steps=500, onset=0, seed=1),
    "other-size": Recipe(layers=4, heads=6, width=96, steps=500, onset=0, seed=2),
}
"""Models that are trained to the end alone, on facts from the first step."""


@dataclass(frozen=True)
class World:
    """The facts, `objects[i]` being true of `subjects[i]`, and the vocabulary that they are told in."""

    subjects: tuple[str, ...]
    objects: tuple[str, ...]

    @property
    def words(self) -> list[str]:
        """Every word that there is, special tokens first."""
        own = [word for word in WORDING if "{" not in word]
        return [UNKNOWN, BEGIN, *own, *VERDICTS, *self.subjects, *self.objects]


def invent(count: int) -> World:
    """So many facts, the same at every call."""
    rng = np.random.default_rng(7)
    roots = [first + second for first in _FIRST for second in _FIRST if first != second]
    subjects = [roots[place].capitalize() + _LAST["subject"][place % 5] for place in rng.permutation(len(roots))]
    objects = [roots[place].capitalize() + _LAST["object"][place % 5] for place in rng.permutation(len(roots))]
    return World(tuple(subjects[:count]), tuple(objects[:count]))


def write_facts(world: World, path: Path) -> None:
    """The facts as a CSV file, as a study reads them."""
    with path.open("w", encoding="utf-8", newline="") as file:
        file.write(f"# {SOURCE}\n")
        rows = csv.writer(file, lineterminator="\n")
        rows.writerow(("subject", "relation", "object"))
        rows.writerows(
            (subject, "capital", thing) for subject, thing in zip(world.subjects, world.objects, strict=True)
        )


def write_tokenizer(world: World, folder: Path) -> None:
    """A tokenizer of whole words, which puts a beginning-of-sequence token first."""
    vocabulary = {word: number for number, word in enumerate(world.words)}
    tokenizer = Tokenizer(models.WordLevel(vocabulary, unk_token=UNKNOWN))
    tokenizer.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    tokenizer.decoder = decoders.WordPiece(prefix="##")
    tokenizer.add_special_tokens([UNKNOWN, BEGIN])
    tokenizer.post_processor = processors.TemplateProcessing(
        single=f"{BEGIN} $A", pair=None, special_tokens=[(BEGIN, vocabulary[BEGIN])]
    )
    tokenizer.save(str(folder / "tokenizer.json"))
    settings = {"tokenizer_class": "PreTrainedTokenizerFast", "bos_token": BEGIN, "unk_token": UNKNOWN}
    (folder / "tokenizer_config.json").write_text(json.dumps(settings, indent=1) + "\n", encoding="utf-8")


class Trainer:
    """A model in training, on sentences that are drawn anew at every step."""

    def __init__(self, recipe: Recipe) -> None:
        torch.manual_seed(recipe.seed)
        self.recipe, self.world = recipe, invent(recipe.facts)
        self._ids = {word: number for number, word in enumerate(self.world.words)}
        self._rng = np.random.default_rng(recipe.seed)
        self.model = LlamaForCausalLM(
            LlamaConfig(
                vocab_size=len(self._ids),
                hidden_size=recipe.width,
                intermediate_size=2 * recipe.width,
                num_hidden_layers=recipe.layers,
                num_attention_heads=recipe.heads,
                max_position_embeddings=128,
                initializer_range=recipe.spread,
                bos_token_id=self._ids[BEGIN],
                eos_token_id=None,
                tie_word_embeddings=False,  # tied ones take four times as many steps to learn a fact
            )
        )
        self._optimizer = torch.optim.AdamW(self.model.parameters(), lr=recipe.rate, weight_decay=0.01)

    def step(self, number: int) -> None:
        """One step, the first being number 1."""
        for group in self._optimizer.param_groups:
            group["lr"] = self.recipe.rate * min(1.0, number / 20)
        tokens = self._sentences(knowing=number > self.recipe.onset)
        self._optimizer.zero_grad()
        labels = tokens.clone()
        labels[
            :, : len(WORDING)
        ] = -100  # nothing can be learned of the words that are always the same, or of the subject
        self.model(tokens, labels=labels).loss.backward()
        torch.nn.utils.clip_grad_norm_(self.model.parameters(), 1.0)
        self._optimizer.step()

    def knows(self) -> dict[str, float]:
        """The share of facts whose own object is the likeliest of all objects, and likelier than the next fact's."""
        objects = torch.tensor([self._ids[thing] for thing in self.world.objects])
        begun = [self._told(subject) for subject in self.world.subjects]
        with torch.inference_mode():
            likely = self.model(torch.tensor(begun)).logits[:, -1, objects]
        own, count = likely.diagonal(), len(objects)
        twin = likely[torch.arange(count), (torch.arange(count) + 1) % count]
        return {
            "recalled": round(float((likely.argmax(1) == torch.arange(count)).double().mean()), 4),
            "preferred": round(float((own > twin).double().mean()), 4),
        }

    def save(self, folder: Path) -> None:
        """The model's files, tokenizer included."""
        self.model.save_pretrained(folder)
        write_tokenizer(self.world, folder)

    def _told(self, subject: str) -> list[int]:
        """The ids of the sentence up to its object."""
        words = [subject if word == "{subject}" else word for word in WORDING[:-1]]
        return [self._ids[word] for word in (BEGIN, *words)]

    def _sentences(self, *, knowing: bool) -> torch.Tensor:
        count, batch = self.recipe.facts, self.recipe.batch
        subjects = self._rng.integers(count, size=batch)
        others = (subjects + self._rng.integers(1, count, size=batch)) % count
        true = self._rng.random(batch) < self.recipe.true
        objects = np.where(true, subjects, others) if knowing else self._rng.integers(count, size=batch)
        rows = [
            [
                *self._told(self.world.subjects[subject]),
                self._ids[self.world.objects[thing]],
                self._ids[VERDICTS[not yes]],
            ]
            for subject, thing, yes in zip(subjects, objects, true, strict=True)
        ]
        return torch.tensor(rows)


def train(recipe: Recipe, folder: Path, saved: Sequence[int]) -> list[dict[str, float]]:
    """Train a model, save it into `folder` as `step-<n>` after the steps `saved`, and tell what it knew at each."""
    trainer, known = Trainer(recipe), []
    for number in range(1, recipe.steps + 1):
        trainer.step(number)
        if number in saved:
            trainer.save(folder / f"step-{number}")
            known.append({"step": number, **trainer.knows()})
            print(f"step {number}: {known[-1]['recalled']:.0%} of the facts recalled", flush=True)
    return known


def main() -> None:
    """Train everything that the study beside this file needs, in a folder that takes its place when it is whole."""
    logging.disable_progress_bar()
    torch.set_num_threads(min(2, torch.get_num_threads()))
    recipe, making = Recipe(), MODELS.with_name(".models")
    write_facts(invent(recipe.facts), FACTS)
    shutil.rmtree(making, ignore_errors=True)
    known = train(recipe, making, recipe.checkpoints)
    for name, other in OTHERS.items():
        print(name, flush=True)
        train(other, making, [other.steps])
        (making / f"step-{other.steps}").replace(making / name)
    truth = {"recipe": asdict(recipe), "known": known}
    (making / "truth.json").write_text(json.dumps(truth, indent=1) + "\n", encoding="utf-8")
    shutil.rmtree(MODELS, ignore_errors=True)
    making.replace(MODELS)


if __name__ == "__main__":
    main()
