"""The whole experiment on a model in which one head alone carries the answer: what it finds, keeps, and takes up again."""

import io
from contextlib import contextmanager

import numpy as np
import pytest

from reportgen.analyses.knockout import find
from reportgen.analyses.knockout_told import tell
from reportgen.errors import StudyError
from reportgen.interventions import knockouts
from reportgen.interventions.removals import ROOM
from reportgen.spec.experiments import KnockoutSection
from reportgen.store import Store
from tests import recalling
from tests.recalling import CARRIER
from tests.small import Heard

SECTION = KnockoutSection(facts=16, sizes=(1, 2, 4), ablations=("mean", "resample"))


@pytest.fixture(scope="module")
def made():
    return recalling.statements()


@pytest.fixture(scope="module")
def cache(made, tmp_path_factory):
    """A store with all answers of the model whose carrier carries."""
    folder = tmp_path_factory.mktemp("removals")
    find(recalling.study(made, recalling.scores(made), recalling.model(), folder), SECTION, np.zeros(0))
    return folder


def without_model(made, cache):
    """The study, when nothing can be asked of a model any more."""
    return recalling.study(made, recalling.scores(made), None, cache)


def test_the_head_that_carries_the_answer_is_found_to(made, cache):
    study = without_model(made, cache)
    found = find(study, SECTION, np.zeros(0))
    assert found.chosen[0] == CARRIER
    for ablated in found.ablated:
        right = ablated.right
        assert right.clean == 1
        assert (right.after < 0.85).all()
        # No control set holds the carrier, and none takes a single answer away.
        for kind in (right.by_layer, right.by_attention):
            assert kind.low.tolist() == kind.high.tolist() == [0, 0, 0]
        assert (ablated.likelihood.adjusted[1:] <= 0.05).all()
        assert ablated.direct is not None
        assert np.allclose(ablated.direct.heads.effect, ablated.total.heads.effect, atol=0.2)
    told = tell(found, study, SECTION)
    assert "more than both kinds of random sets do with 2 and 4 heads" in told.answer
    assert np.argwhere(told.evidence[0].speaks & (told.evidence[0].estimate < -1)).tolist() == [list(CARRIER)]


def test_a_head_that_looks_but_writes_nothing_is_found_not_to_matter(made, tmp_path):
    study = recalling.study(made, recalling.scores(made), recalling.model(carries=False), tmp_path)
    found = find(study, SECTION.model_copy(update={"ablations": ("mean",)}), np.zeros(0))
    assert found.chosen[0] == CARRIER
    assert abs(float(found.singles.total.heads.effect[0, 0])) < 1e-5
    assert (found.ablated[0].likelihood.adjusted > 0.05).all()
    assert "At no size is that more" in tell(found, study, SECTION).answer


def test_an_experiment_that_is_interrupted_goes_on_where_it_was(made, cache, tmp_path, monkeypatch):
    """The third piece dies; the second try asks for all but the two that were kept."""
    knocking_out, runs = knockouts.knocking_out, []

    @contextmanager
    def dying(*arguments):
        with knocking_out(*arguments) as opened:
            total = opened.total

            def counted(sets, replacing):
                runs.append(len(sets))
                if len(runs) == 3:
                    raise KeyboardInterrupt
                return total(sets, replacing)

            opened.total = counted
            yield opened

    monkeypatch.setattr(knockouts, "knocking_out", dying)
    scores = recalling.scores(made)
    with pytest.raises(KeyboardInterrupt):
        find(recalling.study(made, scores, recalling.model(), tmp_path), SECTION, np.zeros(0))
    heard = Heard()
    study = recalling.study(made, scores, recalling.model(), tmp_path, heard)
    shelf = study.model.shelf(ROOM)
    assert len(list(Store(tmp_path).entries(shelf))) == 2
    found = find(study, SECTION, np.zeros(0))
    kept = [np.load(io.BytesIO(payload))["values"] for payload in Store(tmp_path).entries(shelf)]
    assert len(kept) == len(study.model.sought[ROOM])
    assert heard.counted == sum(map(len, kept)) - runs[0] - runs[1]
    again = find(without_model(made, cache), SECTION, np.zeros(0))
    for one, other in zip(found.ablated, again.ablated, strict=True):
        assert np.allclose(one.likelihood.after, other.likelihood.after, atol=1e-5)


def test_results_that_hold_no_knock_outs_are_refused(made, tmp_path, monkeypatch):
    study = without_model(made, tmp_path)

    def refuse(lacking):
        raise StudyError(f"the results hold no {lacking}")

    monkeypatch.setattr(study.model, "require", refuse)
    with pytest.raises(StudyError, match=r"the results hold no answers with \d+ sets of heads knocked out"):
        find(study, SECTION, np.zeros(0))
