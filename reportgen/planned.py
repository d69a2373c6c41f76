"""What a spec asks of the statements, checked before any model runs, as far as labels alone can say.

Columns that are measured on the model (`knowledge.COLUMNS`) are there for every study but hold nothing yet: whatever
filters or goes by them is checked when they are known.
"""

from collections.abc import Mapping

from reportgen.contrasts import (
    Arrangement,
    EmptySetError,
    Labels,
    Rows,
    TooFewStatementsError,
    arrange,
    choose,
)
from reportgen.errors import InputError, Problem, ReportgenError, shown
from reportgen.knowledge import COLUMNS
from reportgen.notices import Notice
from reportgen.spec.model import (
    ContrastSection,
    DoseSection,
    InteractionSection,
    StatementSet,
    StudySpec,
    TestsSection,
    Value,
    Values,
)
from reportgen.spec.wording import did_you_mean, listed


class InteractionDesignError(InputError):
    """An interaction of a contrast that does not compare pairs."""


class DoseColumnError(InputError):
    """A dose by a column that is not there, or holds too few numbers, or one number alone."""


def require_columns(labels: Labels, spec: StudySpec, place: str) -> None:
    """Arrange every contrast, interaction and dose.

    Raises InputError where the facts have a column of a measured one's name, and what `contrasts.arrange`,
    `arrange_pairs` and `choose_rows` raise.
    """
    if taken := [name for name in COLUMNS if name in labels]:
        remedy = "rename the column in the facts"
        raise InputError(
            *(Problem(place, f"the column {shown(name)} is the name of what is measured", remedy) for name in taken)
        )
    for contrast in spec.contrasts:
        if not _measured(contrast.a, contrast.b) and spec.tests.cluster not in COLUMNS:
            arrange(labels, contrast, spec.tests, place)
    known = {contrast.id for contrast in spec.contrasts if not _measured(contrast.a, contrast.b)}
    for interaction in spec.interactions:
        plain = interaction.contrast in known and not _measured(interaction.x, interaction.y)
        if plain and spec.tests.cluster not in COLUMNS:
            arrange_pairs(labels, interaction, spec, place)
    for section in spec.doses:
        if not _asks(section.where) and section.column not in COLUMNS:
            choose_rows(labels, section, place)


def answerable(labels: Labels, spec: StudySpec, place: str) -> tuple[StudySpec, tuple[Notice, ...]]:
    """The spec without the contrasts that cannot be carried out once the measured columns are known, and why not.

    Interactions of such a contrast go with it. Raises what the first of them raises where no contrast is left.
    """
    left_out: dict[str, ReportgenError] = {}
    for contrast in spec.contrasts:
        try:
            arrange(labels, contrast, spec.tests, place)
        except (EmptySetError, TooFewStatementsError) as error:
            left_out[contrast.id] = error
    if len(left_out) == len(spec.contrasts):
        raise next(iter(left_out.values()))
    kept = tuple(contrast for contrast in spec.contrasts if contrast.id not in left_out)
    interactions = tuple(section for section in spec.interactions if section.contrast not in left_out)
    notices = tuple(
        Notice("left out", f"The contrast {shown(name)} and what rests on it are left out: {_why(error)}.")
        for name, error in left_out.items()
    )
    return spec.model_copy(update={"contrasts": kept, "interactions": interactions}), notices


def _why(error: ReportgenError) -> str:
    return error.problems[0].message if isinstance(error, InputError) else str(error)


def goes_by_measured(spec: StudySpec) -> bool:
    """Whether which statements the contrasts compare, or what is independent, depends on what the model knows."""
    return spec.tests.cluster in COLUMNS or any(_measured(contrast.a, contrast.b) for contrast in spec.contrasts)


def _measured(*sets: StatementSet) -> bool:
    return any(_asks(chosen.where) for chosen in sets)


def _asks(where: Mapping[str, Value | Values]) -> bool:
    return any(column in COLUMNS for column in where)


def arrange_pairs(labels: Labels, section: InteractionSection, spec: StudySpec, place: str) -> Arrangement:
    """The pairs of an interaction's contrast, once it is sure that `x` and `y` choose among them.

    Raises InteractionDesignError where the contrast has no pairs, and what `contrasts.arrange` raises.
    """
    (contrast,) = [contrast for contrast in spec.contrasts if contrast.id == section.contrast]
    pairs = arrange(labels, contrast, spec.tests.model_copy(update={"cluster": None, "test": "auto"}), place)
    if pairs.design != "paired":
        message = f"the interaction {shown(section.id)} needs pairs, and the contrast {shown(contrast.id)} has statements without"
        raise InteractionDesignError(Problem(place, message, "name a contrast whose every statement has its twin"))
    arrange(
        {name: column[pairs.a] for name, column in labels.items()}, between(section), as_two_sets(spec.tests), place
    )
    return pairs


def between(section: InteractionSection) -> ContrastSection:
    """The contrast of difference scores that an interaction is."""
    return ContrastSection(id=section.id, title=section.title, a=section.x, b=section.y)


def as_two_sets(tests: TestsSection) -> TestsSection:
    """The study's settings, with the test that compares two sets in place of the one that compares partners."""
    instead = {"paired_t": "auto", "wilcoxon": "mann_whitney"}
    return tests.model_copy(update={"test": instead.get(tests.test, tests.test)})


def choose_rows(labels: Labels, section: DoseSection, place: str) -> Rows:
    """The statements of a dose, by their labels alone; raises DoseColumnError."""
    columns = sorted(labels)
    for name in (section.column, *section.where):
        if name not in labels:
            message = (
                f"the dose {shown(section.id)} names the column {shown(name)}, which no statement has; the columns are "
            )
            raise DoseColumnError(Problem(place, message + listed(columns), did_you_mean(name, columns)))
    return choose(labels, section.where)
