"""How a spec names checkpoints and other models, and what it is told where it does so wrongly."""

import pytest
from pydantic import ValidationError

from reportgen.errors import InputError
from reportgen.spec.experiments import ExperimentsSection
from reportgen.spec.load import load_spec
from reportgen.spec.model import ModelSection, StudySpec
from reportgen.spec.other_models import AcrossModelsSection, CheckpointRange, CheckpointsSection
from tests.planted import SPEC


def spec(model: ModelSection, **experiments: object) -> StudySpec:
    return SPEC.model_copy(update={"model": model, "experiments": ExperimentsSection(**experiments)})


def test_a_range_is_even_on_a_log_scale_and_keeps_to_multiples():
    assert CheckpointRange(first=1, last=1000, count=4).steps == (1, 10, 100, 1000)
    assert CheckpointRange(first=1000, last=143000, count=8, multiple=1000).steps == (
        1000, 2000, 4000, 8000, 17000, 35000, 70000, 143000,
    )  # fmt: skip
    assert CheckpointRange(first=1, last=4, count=12).steps == (1, 2, 3, 4)


def test_a_pattern_is_filled_by_every_step_in_order():
    section = CheckpointsSection(revision="step{step}", steps=(512, 8))
    own = ModelSection(hub="EleutherAI/pythia-70m", revision="main", dtype="bfloat16", prepend_bos="always")
    assert [one.step for one in section.checkpoints] == [8, 512]
    assert spec(own, checkpoints=section).checkpoint_models == tuple(
        ModelSection(hub="EleutherAI/pythia-70m", revision=f"step{step}", dtype="bfloat16", prepend_bos="always")
        for step in (8, 512)
    )


def test_a_list_takes_its_steps_from_names_from_the_spec_or_from_its_order():
    def steps(*names: str, **more: object) -> list[tuple[int, str]]:
        return [(one.step, one.name) for one in CheckpointsSection(folders=names, **more).checkpoints]

    assert steps("run2/ckpt-100", "run2/ckpt-20/") == [(20, "run2/ckpt-20/"), (100, "run2/ckpt-100")]
    assert steps("early", "late") == [(1, "early"), (2, "late")]
    assert steps("a1", "b1") == [(1, "a1"), (2, "b1")]
    assert steps("a1", "b2", steps=(7, 5)) == [(5, "b2"), (7, "a1")]


def test_other_models_are_all_that_a_page_depends_on():
    checkpoints = CheckpointsSection(folders=("m/1", "m/2"))
    across = AcrossModelsSection(models=(ModelSection(hub="gpt2"),))
    both = spec(ModelSection(folder="m/2", device="cpu"), checkpoints=checkpoints, across_models=across)
    assert [model.folder or model.hub for model in both.other_models] == ["m/1", "m/2", "gpt2"]
    assert [model.device for model in both.other_models] == ["cpu", "cpu", "auto"]
    assert spec(ModelSection(folder="m")).other_models == ()


@pytest.mark.parametrize(
    ("written", "message"),
    [
        ({}, "by exactly one of `folder`, `revision`, `folders`, `revisions`; got none"),
        ({"folder": "a{step}", "revision": "b{step}", "steps": (1, 2)}, "got `folder` and `revision`"),
        ({"folder": "a", "steps": (1, 2)}, "a pattern that has `{step}` in it; a list goes under `folders`"),
        ({"folder": "a{step}"}, "either `steps` or a `range`; got neither"),
        ({"folder": "a{step}", "steps": (1, 2), "range": {"first": 1, "last": 9}}, "got both"),
        ({"folder": "a{step}", "steps": (1,)}, "two checkpoints or more"),
        ({"folder": "a{step}", "steps": (3, 3)}, "3 stands in this list twice"),
        ({"folders": ("a",)}, "two checkpoints or more"),
        ({"folders": ("a", "a")}, "stands in this list twice"),
        ({"folders": ("a", "b"), "steps": (1,)}, "1 `steps` for 2 `folders`"),
        ({"folders": ("a", "b"), "range": {"first": 1, "last": 9}}, "a `range` belongs to a pattern"),
        ({"folder": "a{step}", "range": {"first": 9, "last": 9}}, r"`first` \(9\) comes before `last` \(9\)"),
        ({"folder": "a{step}", "range": {"first": 1, "last": 9, "multiple": 100}}, "round to the same multiple"),
    ],
)
def test_checkpoints_that_are_named_wrongly_are_told_how(written, message):
    with pytest.raises(ValidationError, match=message):
        CheckpointsSection.model_validate(written)


def test_revisions_need_a_hub(tmp_path):
    path = tmp_path / "s.yml"
    path.write_text(
        "study: {id: s, title: T}\nmodel: {folder: m}\n"
        'facts: {file: f.csv, relations: {r: {template: "{subject} {object}"}}}\n'
        "experiments:\n  checkpoints: {revisions: [a, b]}\n"
    )
    with pytest.raises(InputError, match=r"s.yml:5:16: checkpoints that are revisions lie where `model.hub` says"):
        load_spec(path)
