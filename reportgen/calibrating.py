"""The proof that a study's procedure holds its error rate on its own data, as a page of the published study.

1. The study must be published as its spec is now: what is proven must be what the page shows.
2. The scores of its first contrast are read from the store, and captured where they are not there.
3. Null data sets of both kinds and planted effects are made from the contrast's units and counted (`stats.calibration`).
4. The page is added to the study's others.
"""

import csv
from pathlib import Path

import numpy as np

from reportgen import numbers
from reportgen.contrasts import FEWEST_PAIRS
from reportgen.errors import StudyError, shown
from reportgen.inference import HeadTests, test_heads
from reportgen.progress import Progress
from reportgen.report.calibration_counted import Counted
from reportgen.report.calibration_files import RATES
from reportgen.report.calibration_page import PAGE, calibration_key, calibration_page
from reportgen.report.page import AddedPage
from reportgen.report.results import Plan
from reportgen.scores import flat
from reportgen.sensitivity import unit_of
from reportgen.site.build import add_page
from reportgen.site.pages import added_key
from reportgen.site.project import Site, beside
from reportgen.spec.model import SpecFile, TestsSection
from reportgen.stats.calibration import calibrate
from reportgen.stats.calibration_tested import Settings
from reportgen.stats.null_draws import NullDesign, Pairs, Test, TwoSets
from reportgen.study import own_scores, plan_study, study_key

_MOST_RESAMPLES, _OWN_RESAMPLES = 10_000, 999
_DRAWS_A_FURTHER_ONE = 4


def calibrate_study(file: SpecFile, site: Site, draws: int, cache: Path, progress: Progress) -> AddedPage | None:
    """Count on `draws` null data sets, and on a quarter as many of each further kind: with effects of each size planted,
    with equal means alone, and the same of normal heads; add the page, and return it.

    None where the published page rests on the same and on as many data sets.

    Raises StudyError where the study is not published as it is now or has too few units, and what planning, capturing
    and `site.build.add_page` raise.
    """
    _require_published(file, site, cache)
    plan = plan_study(file, cache, None, progress)
    if _stands(site.published / beside(file.spec.study.id) / PAGE, calibration_key(plan), draws):
        return None
    counted = _count(_first_contrast(plan, cache, progress), draws, progress)
    page = calibration_page(counted, plan)
    add_page(site, file.spec.study.id, page)
    return page


def _require_published(file: SpecFile, site: Site, cache: Path) -> None:
    """Before minutes of counting, not after."""
    study = file.spec.study.id
    card = site.cards().get(study)
    if card is None:
        raise StudyError(f"the study {shown(study)} has no page in {site.published} yet. Run `reportgen build` first.")
    if card.key != study_key(file, cache, None, site.key):
        raise StudyError(
            f"the page of {shown(study)} in {site.published} is not that of the whole study as it is now: the spec, its "
            "facts, the model, the site or reportgen has changed since, or a --limit was set. Run `reportgen build` first."
        )


def _stands(page: Path, key: str, draws: int) -> bool:
    """Whether the page whose files are in that folder was made under this key, of at least so many data sets."""
    if added_key(page) != key:
        return False
    with (page / RATES).open(encoding="utf-8", newline="") as rates:
        return all(int(row["draws"]) >= draws for row in csv.DictReader(rates))


def _first_contrast(plan: Plan, cache: Path, progress: Progress) -> HeadTests:
    spec = plan.file.spec
    return test_heads(own_scores(plan, cache, progress), spec.contrasts[0], spec.tests)


def _count(tests: HeadTests, draws: int, progress: Progress) -> Counted:
    design, settings = design_of(tests), settings_of(tests.settings, draws)
    total = draws + len(settings.sizes) * settings.planted_draws + 2 * settings.means_draws
    with progress.counting("calibrating", total, "data sets") as advance:
        calibration = calibrate(design, settings, np.random.default_rng(tests.settings.seed), advance)
    return Counted(
        tests=tests,
        own_test=_own_test(tests, design),
        settings=settings,
        typical_error=float(np.median(design.only(design.testable()).standard_error())),
        calibration=calibration,
    )


def settings_of(tests: TestsSection, draws: int) -> Settings:
    """How much is counted, by the study's own settings."""
    resamples = min(tests.resamples, _MOST_RESAMPLES)
    return Settings(
        alpha=tests.alpha,
        draws=draws,
        resamples=resamples,
        planted_draws=draws // _DRAWS_A_FURTHER_ONE,
        planted_resamples=min(resamples, _OWN_RESAMPLES),
        means_draws=draws // _DRAWS_A_FURTHER_ONE,
        means_resamples=min(resamples, _OWN_RESAMPLES),
        smallest_effect=tests.smallest_effect,
    )


def design_of(tests: HeadTests) -> NullDesign:
    """The contrast's units; raises StudyError where null data sets cannot be made from them."""
    contrast, fewest = shown(tests.contrast.id), min(tests.n_a, tests.n_b)
    if fewest < FEWEST_PAIRS:
        where = "" if tests.design == "paired" else " in its smaller set"
        raise StudyError(
            f"the contrast {contrast} has {numbers.count(fewest)} {unit_of(tests)}{where}: null data sets made of fewer than "
            f"{FEWEST_PAIRS} are too much alike to count on. Add facts."
        )
    a, b = (flat(units).astype(np.float64) for units in (tests.units_a, tests.units_b))
    design = Pairs(a, b) if tests.design == "paired" else TwoSets(a, b)
    if not design.testable().any():
        raise StudyError(
            f"no head can be tested in the contrast {contrast}, so nothing can be calibrated. Its scores are all alike: "
            "look at the study's page for the reasons."
        )
    return design


def _own_test(tests: HeadTests, design: NullDesign) -> Test:
    """The test whose statistic the study uses; a permutation test's is that of its design."""
    if tests.test == "auto" or tests.test == "permutation":
        return design.own_test
    return tests.test
