"""How a calibration was done, for the page: the null data sets, what they share, and where they are not the study's own."""

from collections.abc import Iterable

from reportgen import numbers
from reportgen.report import choice_words
from reportgen.report.calibration_counted import Counted
from reportgen.report.calibration_means import equal_means_method
from reportgen.report.document import Prose
from reportgen.report.markup import Md, join_md, md
from reportgen.sensitivity import unit_of
from reportgen.universes import Choice


def method_blocks(counted: Counted) -> tuple[Prose, ...]:
    """A paragraph each on the null data sets, on what their tests share, on equal means, and on planted effects."""
    return (
        Prose(_made(counted)),
        Prose(_resampled(counted)),
        Prose(equal_means_method(counted)),
        Prose(join_md([_planted_method(counted), *_differences(counted)])),
    )


def _made(counted: Counted) -> Md:
    """How a null data set is made, and what it keeps of the real scores."""
    tests = counted.tests
    if tests.design == "paired":
        text = (
            "For each null data set the two sides of each of the {n} {unit} were swapped or not, at random and in all heads "
            "at once [@westfall1993; @nichols2002]. So every head keeps its spread and all heads keep the dependence "
            "between them that they really have, while no head differs. Swapping makes every difference symmetric about 0: "
            "this count checks the procedure for heads that do not differ in any way. Tests of independent sets saw the "
            "same swapped sides without their pairing, which makes them cautious where partners are alike."
        )
    else:
        text = (
            "For each null data set the mean of each set was removed and its label (A or B) dealt out anew among the {n} "
            "{unit}, at random and in all heads at once [@westfall1993; @nichols2002]. So heads keep the dependence between "
            "them that they really have, while no head differs. Dealing labels out makes both sets alike: this count checks "
            "the procedure for heads that do not differ in any way."
        )
    return md(
        text + " What is taken for granted is that {unit} are independent of each other.",
        n=numbers.count(tests.n_a if tests.design == "paired" else tests.n_a + tests.n_b),
        unit=unit_of(tests),
    )


def _resampled(counted: Counted) -> Md:
    settings = counted.settings
    return md(
        "The {heads} heads that can be tested form the family, at α = {alpha}. Arrangements form a group, so max-T's "
        "critical values come from up to {resamples} arrangements that all null data sets share [@winkler2016]; its intervals "
        "allow for their chance, too. Shares have Wilson's intervals, means those of the normal distribution; all seeds "
        "follow from {seed}.",
        heads=numbers.count(counted.calibration.heads),
        alpha=f"{settings.alpha:g}",
        resamples=numbers.count(settings.resamples),
        seed=counted.tests.settings.seed,
    )


def _planted_method(counted: Counted) -> Md:
    settings = counted.settings
    return md(
        "Effects were planted on top of {draws} further null data sets a size, with {resamples} arrangements each and {splits} "
        "splits for cross-fitting. Detections are those of the correction alone; the smallest effect of interest, which the "
        "study asks for as well, would only make them fewer.",
        draws=numbers.count(settings.planted_draws),
        resamples=numbers.count(settings.planted_resamples),
        splits=numbers.count(settings.splits),
    )


def _differences(counted: Counted) -> Iterable[Md]:
    """In what this is not the study's procedure to the letter."""
    tests = counted.tests
    if tests.settings.alternative != "two-sided":
        yield Md("The study tests one side; here every test is two-sided.")
    if tests.test == "permutation":
        yield md(
            "The study's permutation test stands here as the {test} that it rests on.",
            test=choice_words.choice(Choice("test", counted.own_test)),
        )
    if tests.settings.family == "study":
        yield Md("The study corrects for all its contrasts together; here the first stands by itself.")
    if counted.calibration.heads_left_out:
        left = numbers.things(counted.calibration.heads_left_out, "head")
        yield md("Left out, since they cannot be tested in every data set: {left}.", left=left)
