"""One correction over all studies of a site, as brain imaging corrects over contrasts and modalities.

Every study publishes its max-T null: for each arrangement the largest statistic over all its heads and contrasts.
The largest over all studies, arrangement by arrangement, is the null of the whole site (Winkler et al. 2016): a head
whose statistic exceeds its 1 - α quantile is found with a family-wise error of α over everything the site tests.
Studies of the same units and seed are arranged together. The arrangements of all others have nothing to do with each
other, so that their maxima are taken together as if the studies were independent. For two-sided tests that errs on the
side of caution, however their heads depend on each other, where statistics are about jointly normal: the Gaussian
correlation inequality (Royen 2014, https://arxiv.org/abs/1408.1028). For one-sided tests nothing of the kind holds in
general.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
from pydantic import BaseModel, ConfigDict

from reportgen import numbers
from reportgen.report.document import Block, Heading, Prose, Raw
from reportgen.report.markup import Html, Md, md
from reportgen.report.published import Published
from reportgen.report.tables import Column, Row, table_html
from reportgen.spec.model import Alternative, TestsSection

if TYPE_CHECKING:  # the list of studies is made without them, and they bring SciPy and pandas
    from reportgen.families import Adjusted
    from reportgen.findings import Finding

FILE = "max-t.json"
_DIGITS = 6
_STATISTICS: dict[Alternative, str] = {"two-sided": "|t|", "greater": "t", "less": f"{numbers.MINUS}t"}


class Tested(BaseModel):
    """One contrast: what it is called, how many heads its study found, and every tested head's statistic: in units of t,
    larger further from the null (|t|, t or −t, as the study's tests are two-sided or not)."""

    model_config = ConfigDict(frozen=True)

    title: str
    found: int
    statistics: list[float]


class StudyNull(Published):
    """A study's max-T null, [arrangement], and its contrasts; no null where no head could be tested."""

    alpha: float
    alternative: Alternative
    contrasts: list[Tested]
    maxima: list[float]


def study_null(findings: Sequence[Finding]) -> StudyNull:
    """The null over all contrasts of a study."""
    adjusting = [finding.tests.adjusting for finding in findings]
    maxima = np.max([_drawn(finding.tests.settings, finding.tests.adjusting) for finding in findings], axis=0)
    return StudyNull(
        alpha=findings[0].tests.alpha,
        alternative=findings[0].tests.settings.alternative,
        contrasts=[
            Tested(
                title=finding.tests.contrast.title,
                found=len(finding.recall),
                statistics=_rounded(adjusted.observed[np.isfinite(adjusted.observed)]),
            )
            for finding, adjusted in zip(findings, adjusting, strict=True)
        ],
        maxima=_rounded(maxima),
    )


def _drawn(tests: TestsSection, adjusted: Adjusted) -> np.ndarray:
    """Each drawn arrangement's largest statistic; of few arrangements that were all listed, as many are drawn."""
    if not adjusted.exact or not adjusted.arrangements:
        return adjusted.maxima
    return np.random.default_rng(tests.seed).choice(adjusted.maxima, tests.resamples)


def _rounded(values: np.ndarray) -> list[float]:
    return [float(f"{value:.{_DIGITS}g}") for value in values.tolist()]


def across_site(nulls: Mapping[str, StudyNull]) -> tuple[Block, ...]:
    """What stands over all studies, by their titles; nothing where fewer than two can be taken together."""
    from reportgen.stats.maxt import critical_value  # noqa: PLC0415

    first = next(iter(nulls.values()), None)
    if first is None:
        return ()
    together = {title: null for title, null in nulls.items() if _alike(null, first)}
    if len(together) < 2:
        return ()
    maxima = np.max([null.maxima for null in together.values()], axis=0)
    critical = critical_value(maxima, first.alpha, exact=False)
    heads = sum(len(tested.statistics) for null in together.values() for tested in null.contrasts)
    text = md(
        "Were all {heads} tests of heads in these {studies} studies one family, a head would have to reach {statistic} > "
        "{critical} (max-T over the whole site, family-wise error {level}). Studies of different units are taken as "
        "independent{cautious}.",
        heads=numbers.count(heads),
        studies=len(together),
        statistic=_STATISTICS[first.alternative],
        critical=numbers.decimal(critical),
        level=numbers.level(first.alpha),
        cautious=", which errs on the side of caution" if first.alternative == "two-sided" else "",
    )
    return Heading(2, Md("Over all studies"), "over-all-studies"), Prose(text), Raw(_table(together, critical))


def _alike(null: StudyNull, other: StudyNull) -> bool:
    """Whether two nulls can be taken together, arrangement by arrangement."""
    same = (null.alpha, null.alternative, len(null.maxima)) == (other.alpha, other.alternative, len(other.maxima))
    return same and len(null.maxima) > 0


def _table(nulls: Mapping[str, StudyNull], critical: float) -> Html:
    columns = (
        Column("Study"),
        Column("Contrast"),
        Column("Heads tested", number=True),
        Column("Found in the study", number=True),
        Column("Over all studies", number=True),
    )
    rows = [
        Row(
            (
                title,
                tested.title,
                numbers.count(len(tested.statistics)),
                numbers.count(tested.found),
                numbers.count(sum(statistic > critical for statistic in tested.statistics)),
            )
        )
        for title, null in nulls.items()
        for tested in null.contrasts
    ]
    return table_html("Heads found within each study and over all studies", columns, rows)
