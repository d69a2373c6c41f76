"""Which contrasts are left once the measured columns are known, and what is told of those that are not."""

import numpy as np
import pytest

from reportgen.contrasts import EmptySetError, TooFewStatementsError
from reportgen.errors import InputError
from reportgen.planned import answerable, require_columns
from reportgen.spec.model import TRUTH, ContrastSection, InteractionSection, StatementSet, StudySpec
from tests.planted import SPEC

RECALLED = ContrastSection(
    id="recalled",
    title="Recalled against not",
    a=StatementSet(name="recalled", where={"truth": True, "recalled": True}),
    b=StatementSet(name="not recalled", where={"truth": True, "recalled": False}),
)
WITHIN = InteractionSection(
    id="within",
    title="Within",
    contrast="recalled",
    x=StatementSet(name="r", where={"relation": "r"}),
    y=StatementSet(name="s", where={"relation": "s"}),
)
PAIRS = 10


def labels(recalled: int) -> dict[str, np.ndarray]:
    """Twins in turn; the model recalls the first so many facts."""
    return {
        "truth": np.tile([True, False], PAIRS),
        "pair": np.repeat([f"p{pair}" for pair in range(PAIRS)], 2),
        "relation": np.repeat(["r", "s"], PAIRS),
        "recalled": np.repeat(["true" if pair < recalled else "false" for pair in range(PAIRS)], 2),
    }


def spec(*contrasts: ContrastSection, interactions: tuple[InteractionSection, ...] = ()) -> StudySpec:
    return SPEC.model_copy(update={"contrasts": contrasts, "interactions": interactions})


def test_a_study_whose_contrasts_can_all_be_carried_out_stays_as_it_is() -> None:
    whole = spec(TRUTH, RECALLED)
    assert answerable(labels(5), whole, "s.yml") == (whole, ())


@pytest.mark.parametrize(("recalled", "why"), [(0, "no statement belongs to the set `recalled`"), (1, "it has 1")])
def test_a_contrast_without_statements_is_left_out_with_what_rests_on_it(recalled: int, why: str) -> None:
    asked, (notice,) = answerable(labels(recalled), spec(TRUTH, RECALLED, interactions=(WITHIN,)), "s.yml")
    assert (asked.contrasts, asked.interactions) == ((TRUTH,), ())
    assert notice.kind == "left out"
    assert notice.message.startswith("The contrast `recalled` and what rests on it are left out: ")
    assert why in notice.message


def test_a_study_with_no_contrast_left_is_an_error() -> None:
    with pytest.raises(EmptySetError, match="no statement belongs to the set `recalled`"):
        answerable(labels(0), spec(RECALLED), "s.yml")
    with pytest.raises(TooFewStatementsError):
        answerable(labels(1), spec(RECALLED), "s.yml")


def test_what_goes_by_measured_columns_is_not_asked_for_before_they_are_there() -> None:
    unmeasured = {name: column for name, column in labels(0).items() if name != "recalled"}
    require_columns(unmeasured, spec(TRUTH, RECALLED, interactions=(WITHIN,)), "s.yml")


def test_a_column_of_the_facts_may_not_have_the_name_of_a_measured_one() -> None:
    with pytest.raises(InputError, match="`recalled` is the name of what is measured") as caught:
        require_columns(labels(5), spec(TRUTH), "s.yml")
    assert caught.value.problems[0].remedy == "rename the column in the facts"
