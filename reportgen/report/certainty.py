"""How sure one may be: the corrections side by side, what could have been seen, and other choices."""

import numpy as np

from reportgen import numbers
from reportgen.findings import Finding
from reportgen.inference import HeadTests
from reportgen.report import finding_text, words
from reportgen.report.document import Block, Prose, Table
from reportgen.report.markup import Md, md
from reportgen.report.tables import Column, Row, table_html
from reportgen.stats.corrections import Criterion, criterion


def certainty_blocks(finding: Finding) -> tuple[Block, ...]:
    """The section "How sure may one be"."""
    tests = finding.tests
    blocks: list[Block] = [
        _correction_table(finding),
        Prose(_sensitivity(finding)),
        Prose(_verdicts(finding)),
    ]
    if finding.other_choices:
        blocks.append(_choices_table(finding))
    untested = tests.heads.reason.to_numpy()
    if (untested != "").any():
        reasons = sorted(set(untested[untested != ""].tolist()))
        text = "{n} could not be tested and are in no family: {reasons}."
        count = numbers.things(int((untested != "").sum()), "head")
        blocks.append(Prose(md(text, n=count, reasons="; ".join(reasons))))
    return tuple(blocks)


def _sensitivity(finding: Finding) -> Md:
    """What differences could have been told from none."""
    n, detectable = finding_text.n_text(finding), finding.tests.heads.detectable
    if not np.isfinite(finding.detectable):
        return md("With {n} no difference, however large, could have been found under the headline correction.", n=n)
    return md(
        "With {n}, differences of {detectable} points or more could have been told from none in 80\u00a0% of cases (the median "
        "over heads; for the steadiest tenth of the heads {easy}, for the most variable tenth {hard}).",
        n=n,
        detectable=numbers.points(finding.detectable),
        easy=numbers.points(float(np.nanquantile(detectable, 0.1)), 2),
        hard=numbers.points(float(np.nanquantile(detectable, 0.9))),
    )


def _verdicts(finding: Finding) -> Md:
    """How many heads differ, are negligible, are undecided: three answers, so that "no difference" can be one."""
    tests = finding.tests
    undecided = tests.tested - len(finding.recall) - finding.negligible
    return md(
        "Of the {tested} heads **{differ}**, **{negligible}** (two one-sided tests show an effect smaller "
        "than {smallest} points), and **{undecided} undecided**.",
        tested=tests.tested,
        differ=f"{len(finding.recall)} {'differs' if len(finding.recall) == 1 else 'differ'}",
        negligible=f"{finding.negligible} {'is' if finding.negligible == 1 else 'are'} negligible",
        undecided=f"{undecided} {'is' if undecided == 1 else 'are'}",
        smallest=numbers.points(tests.smallest_effect),
    )


def _correction_table(finding: Finding) -> Table:
    tests = finding.tests
    columns = (
        Column("Correction"),
        Column("Heads", number=True),
        Column("Share", number=True),
        Column(f"and effect ≥ {numbers.points(tests.smallest_effect)}", number=True),
        Column("Expected if no head differed"),
        Column("Controls"),
        Column("A head passes when"),
    )
    rows = []
    for correction in finding.corrections:
        rule = criterion(correction.method)
        rows.append(
            Row(
                (
                    words.CORRECTIONS[correction.method]
                    + (" (headline)" if correction.method == tests.headline else ""),
                    numbers.count(correction.passing),
                    numbers.percent(correction.passing, tests.tested),
                    numbers.count(correction.beyond),
                    _by_chance(rule, tests.alpha, tests.tested),
                    _controls(rule),
                    _criterion_text(rule, tests),
                ),
                emphasis=correction.method == tests.headline,
            )
        )
    return Table(
        id=f"tbl-corrections-{tests.contrast.id}",
        caption=md(
            "The {tested} heads under each correction, in a family of {m}, at α = {alpha}.",
            tested=numbers.count(tests.tested),
            m=numbers.count(tests.family_size),
            alpha=f"{tests.alpha:g}",
        ),
        html=table_html("Corrections for multiple testing", columns, rows),
    )


def _controls(rule: Criterion) -> str:
    rate = {"FWER": "family-wise error", "FDR": "false discovery rate"}.get(rule.controls, rule.controls)
    return f"{rate}, under {rule.dependence.removesuffix(' between heads')}" if rule.reference else rate


def _criterion_text(rule: Criterion, tests: HeadTests) -> str:
    if rule.method == "none":
        return rule.threshold
    if rule.resampled:
        return f"{rule.threshold} (any head at {_statistic(tests)} > {numbers.decimal(tests.adjusting.critical)})"
    strictest = numbers.significant(rule.strictest(tests.alpha, tests.family_size))
    return f"{rule.threshold} (a first finding needs p ≤ {strictest})"


def _statistic(tests: HeadTests) -> str:
    """What is compared with the critical value."""
    return {"two-sided": "|t|", "greater": "t", "less": "−t"}[tests.settings.alternative]


def _by_chance(rule: Criterion, alpha: float, family: int) -> str:
    expected, any_at_all = rule.expected_heads(alpha, family), rule.probability_of_any(alpha)
    if any_at_all is not None:
        return f"none, in at least {numbers.level(1 - any_at_all)} of studies"
    return "–" if expected is None else f"{numbers.decimal(expected, 1)} heads"


def _choices_table(finding: Finding) -> Table:
    columns = (
        Column("Choice"),
        Column("Pairs", number=True),
        Column("Heads", number=True),
        Column("Also in the finding", number=True),
    )
    first = Row(
        ("as in the finding", str(finding.tests.n_a), str(len(finding.recall)), str(len(finding.recall))), emphasis=True
    )
    rows = [Row((o.choice, str(o.n), str(o.heads), str(o.shared))) for o in finding.other_choices]
    return Table(
        id=f"tbl-choices-{finding.tests.contrast.id}",
        caption=Md("The same contrast under another reasonable choice of the statements."),
        html=table_html("The finding under other choices", columns, [first, *rows]),
    )
