"""A real training whose facts begin at a known step, dated by the experiment from its checkpoints; and what a checkpoint says,
against plain transformers. Results hold what checkpoints said."""

import importlib.util
import json
import shutil
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from transformers import AutoModelForCausalLM

from reportgen.analyses.across_models import find as find_models
from reportgen.analyses.analysis import Study
from reportgen.analyses.checkpoints import find, needs
from reportgen.analyses.checkpoints_told import tell
from reportgen.analyses.elsewhere import ROOM
from reportgen.capture.knowing import know
from reportgen.capture.request import ask
from reportgen.capture.run import capture
from reportgen.errors import StudyError
from reportgen.findings import conclude
from reportgen.models.manifest import FORMAT, Manifest, ModelRecord
from reportgen.progress import Silent
from reportgen.scores import label_scores
from reportgen.spec.load import load_spec
from reportgen.spec.model import ModelSection
from reportgen.spec.other_models import AcrossModelsSection, CheckpointsSection
from reportgen.store import Store
from reportgen.study import model_of, plan_study, study_key

TOY = Path(__file__).parents[2] / "specs" / "toy" / "train.py"
ONSET, LAST = 40, 160
STEPS = (10, 30, 90, LAST)


@pytest.fixture(scope="module")
def toy():
    """The script that trains the project's small models."""
    described = importlib.util.spec_from_file_location("toy_train", TOY)
    module = importlib.util.module_from_spec(described)
    sys.modules["toy_train"] = module
    described.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def trained(toy, tmp_path_factory):
    """A folder with checkpoints of a training, a model of another size, their facts, and a spec."""
    folder = tmp_path_factory.mktemp("trained")
    recipe = toy.Recipe(layers=2, heads=2, width=32, facts=24, steps=LAST, onset=ONSET, batch=48, rate=8e-3)
    toy.write_facts(toy.invent(24), folder / "facts.csv")
    known = toy.train(recipe, folder / "models", STEPS)
    toy.train(replace(recipe, layers=3, onset=0, steps=5, seed=3), folder / "other", [5])
    (folder / "s.yml").write_text(SPEC)
    return folder, {one["step"]: one for one in known}


SPEC = f"""\
study: {{id: s, title: T}}
model: {{folder: models/step-{LAST}, device: cpu}}
facts:
  file: facts.csv
  relations: {{capital: {{template: "The capital of {{subject}} is {{object}}"}}}}
experiments:
  checkpoints: {{folder: "models/step-{{step}}", steps: [10, 30, 90, {LAST}]}}
  across_models: {{models: [{{folder: other/step-5, device: cpu}}]}}
"""


def study_of(folder: Path) -> Study:
    file, cache = load_spec(folder / "s.yml"), folder / "cache"
    plan = plan_study(file, cache, None, Silent())
    model, statements = model_of(plan, cache, Silent()), plan.statements.statements
    scores = label_scores(capture(ask(statements, "sum"), model).values, statements)
    knowledge = know(statements, plan.facts, plan.tokenizer, model, file.spec.measure)
    return Study(plan, scores, conclude(scores, statements, file.spec), knowledge, model)


@pytest.fixture(scope="module")
def study(trained):
    return study_of(trained[0])


@pytest.fixture(scope="module")
def found(study):
    return find(study, study.spec.experiments.checkpoints, np.empty(0))


def test_the_onset_that_was_planted_is_dated_within_one_checkpoint(study, found, trained):
    _, truth = trained
    assert truth[30]["recalled"] < 0.2
    assert truth[LAST]["recalled"] > 0.5
    first = next(place for place, step in enumerate(STEPS) if step > ONSET)
    assert first <= found.known <= first + 1
    assert [look.knowledge.recalled / 24 for look in found.looks] == pytest.approx(
        [truth[step]["recalled"] for step in STEPS], abs=1e-3
    )
    assert "Facts are known from step" in tell(found, study, study.spec.experiments.checkpoints).answer


def test_no_head_is_found_that_stays_before_there_is_anything_to_find(found):
    assert found.begins < 0 or STEPS[found.begins] > ONSET


def test_what_a_checkpoint_says_is_what_plain_transformers_says(study, found, trained):
    model = AutoModelForCausalLM.from_pretrained(trained[0] / "models" / "step-90", attn_implementation="eager").eval()
    effects = []
    statements = study.statements
    for statement in statements:
        with torch.inference_mode():
            attended = model(torch.tensor([statement.tokens.ids]), output_attentions=True).attentions
        row = torch.stack(attended)[:, 0, :, statement.query]
        effects.append(row[:, :, list(statement.subject)].sum(-1).numpy() * (1 if statement.fact.truth else -1))
    assert np.allclose(found.effects[2], np.sum(effects, axis=0) / (len(statements) / 2), atol=1e-4)


def test_the_study_s_own_last_checkpoint_is_the_study(study, found):
    assert np.array_equal(found.looks[-1].tests.heads.effect, study.tests.heads.effect)


def test_it_costs_what_it_said(study):
    passes = needs(study.plan, study.spec.experiments.checkpoints).passes
    # Twins differ in the last token: each is a pass; each fact is asked once.
    assert passes.forward == len(STEPS) * (48 + 24)


def test_a_model_of_another_size_is_compared_by_the_same_facts(study):
    across = find_models(study, study.spec.experiments.across_models, np.empty(0))
    assert [(model.layers, model.per_layer) for model in across.models] == [(2, 2), (3, 2)]
    assert across.shared == across.pairs == 24
    assert len(across.others[0].matching.p_value) == 4
    assert not across.others[0].model.counted.surely.any()


def test_results_hold_what_checkpoints_said_and_need_none_of_them(study, found, tmp_path):
    model = study.model
    kept = Store(tmp_path)
    for key, payload in Store(model.cache).items(model.shelf(ROOM)):
        if key in model.sought[ROOM]:
            kept.put(f"{ROOM}/{model.shelf_key}", key, payload)
    record = ModelRecord(name="m", identity=model.source.identity, origin="o", file="", shelf=model.shelf_key)
    manifest = Manifest(format=FORMAT, reportgen="0", finished="", study="s", spec="s.yml", model=record, files={})
    captured = replace(model.source, captured=manifest)
    elsewhere = replace(
        study,
        plan=replace(study.plan, source=captured, file=study.plan.file.model_copy(update={"path": tmp_path / "s.yml"})),
        model=replace(model, source=captured, cache=tmp_path),
    )
    section = study.spec.experiments.checkpoints
    needs(elsewhere.plan, section)
    again = find(elsewhere, section, np.empty(0))
    assert np.array_equal(again.effects, found.effects)
    assert again.known == found.known
    empty = replace(elsewhere, model=replace(elsewhere.model, cache=tmp_path / "nothing"))
    with pytest.raises(StudyError, match="the results hold no answers of another model"):
        find(empty, section, np.empty(0))


def test_a_page_goes_by_its_other_models_and_a_missing_one_does_not_stop_it(trained, tmp_path):
    folder, _ = trained
    file = load_spec(folder / "s.yml")
    before = study_key(file, folder / "cache", None, "")
    (folder / "other" / "step-5").rename(tmp_path / "away")
    try:
        without = study_key(file, folder / "cache", None, "")
        with pytest.raises(StudyError, match="there is no `other/step-5`"):
            find_models_needs(folder)
    finally:
        (tmp_path / "away").rename(folder / "other" / "step-5")
    assert without != before == study_key(file, folder / "cache", None, "")


def find_models_needs(folder: Path) -> None:
    from reportgen.analyses.across_models import needs as needs_models

    file = load_spec(folder / "s.yml")
    needs_models(plan_study(file, folder / "cache", None, Silent()), file.spec.experiments.across_models)


def test_another_tokenizer_is_no_checkpoint_and_can_be_compared(study, trained, tmp_path):
    """The words of the last checkpoint by other numbers: the same model, with its embeddings in that order."""
    folder, _ = trained
    other = tmp_path / "renumbered"
    shutil.copytree(folder / "models" / f"step-{LAST}", other)
    renumber(other)
    section = CheckpointsSection(folders=(str(other), f"models/step-{LAST}"))
    with pytest.raises(StudyError, match="cannot be used: it reads 48 of 48 statements as other tokens"):
        find(with_checkpoints(study, section), section, np.empty(0))
    across = AcrossModelsSection(models=(ModelSection(folder=str(other), device="cpu"),))
    found = find_models(study, across, np.empty(0))
    assert np.allclose(found.others[0].model.tests.heads.effect, study.tests.heads.effect, atol=1e-5)
    assert found.others[0].matching.matched.similarity == pytest.approx(1)


def renumber(folder: Path) -> None:
    """Give every word another number, and every embedding its word's."""
    path = folder / "tokenizer.json"
    described = json.loads(path.read_text())
    words = described["model"]["vocab"]
    last = len(words) - 1
    described["model"]["vocab"] = {word: last - number for word, number in words.items()}
    for special in described["added_tokens"]:
        special["id"] = last - special["id"]
    described["post_processor"]["special_tokens"]["<s>"]["ids"] = [last - words["<s>"]]
    path.write_text(json.dumps(described))
    model = AutoModelForCausalLM.from_pretrained(folder)
    with torch.no_grad():
        for embedding in (model.get_input_embeddings(), model.get_output_embeddings()):
            embedding.weight.copy_(embedding.weight.flip(0).clone())
    model.save_pretrained(folder)


def with_checkpoints(study: Study, section: CheckpointsSection) -> Study:
    experiments = study.spec.experiments.model_copy(update={"checkpoints": section})
    spec = study.spec.model_copy(update={"experiments": experiments})
    file = study.plan.file.model_copy(update={"spec": spec})
    return replace(study, plan=replace(study.plan, file=file))


def test_another_size_is_no_checkpoint(study):
    section = CheckpointsSection(folders=("other/step-5", f"models/step-{LAST}"))
    with pytest.raises(StudyError, match="`other/step-5` cannot be used: it has 3 layers of 2 heads"):
        find(with_checkpoints(study, section), section, np.empty(0))
