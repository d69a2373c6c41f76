"""The files beside the page of a calibration: all that was counted, and the works cited."""

import csv
import io
from collections.abc import Iterable, Sequence

from reportgen.report.calibration_counted import Counted
from reportgen.report.downloads import Download, bibtex
from reportgen.stats.corrections import criterion

RATES = "rates.csv"


def calibration_files(counted: Counted, cited: Iterable[str]) -> tuple[Download, ...]:
    """The files in the page's folder."""
    return (
        Download(RATES, "every test with every correction where no head differs", _rates_csv(counted)),
        Download("planted.csv", "every correction where some heads differ", _planted_csv(counted)),
        Download("equal-means.csv", "every correction where only the means are equal", _equal_means_csv(counted)),
        Download("references.bib", "the works cited (BibTeX)", bibtex(cited).encode()),
    )


def _rates_csv(counted: Counted) -> bytes:
    header = (
        "test",
        "correction",
        "controls",
        "alpha",
        "heads",
        "draws",
        "found_any",
        "found_any_low",
        "found_any_high",
    )
    rows = (
        (
            *(row.test, row.correction, criterion(row.correction).controls, row.alpha, row.heads, row.any.draws),
            *(row.any.share, *row.any.interval, row.mean_count.value, row.each, row.verdict),
        )
        for row in counted.calibration.nulls
    )
    return _csv((*header, "mean_heads", "each_head", "promise"), rows)


def _planted_csv(counted: Counted) -> bytes:
    header = ("standard_errors", "test", "correction", "controls", "alpha", "draws")
    rates = ("power", "false_discovery_rate", "family_wise_error")
    rows = (
        (
            *(row.size.number, row.test, row.correction, criterion(row.correction).controls, row.alpha),
            row.family_wise.draws,
            *(row.average_power.value, *row.average_power.interval),
            *(row.false_discoveries.value, *row.false_discoveries.interval),
            *(row.family_wise.share, *row.family_wise.interval),
            "" if row.correction == "none" else row.verdict,
        )
        for row in counted.calibration.planted
    )
    return _csv((*header, *(f"{rate}{end}" for rate in rates for end in ("", "_low", "_high")), "promise"), rows)


def _equal_means_csv(counted: Counted) -> bytes:
    header = ("scores", "test", "correction", "controls", "alpha", "smallest_effect", "draws")
    rates = ("found_any", "found_beyond_smallest_effect", "found_at_unskewed_heads")
    counts = {"real": counted.calibration.equal_means, "normal": counted.calibration.equal_means_normal}
    rows = (
        (
            *(scores, row.test, row.correction, criterion(row.correction).controls, row.alpha),
            *(counted.tests.smallest_effect, row.any.draws),
            *(row.any.share, *row.any.interval),
            *(row.beyond.share, *row.beyond.interval),
            *(row.unskewed.share, *row.unskewed.interval),
            row.verdict if row.promises else "",
        )
        for scores, counted_rows in counts.items()
        for row in counted_rows
    )
    return _csv((*header, *(f"{rate}{end}" for rate in rates for end in ("", "_low", "_high")), "promise"), rows)


def _csv(header: Sequence[str], rows: Iterable[Sequence[str | float]]) -> bytes:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(header)
    writer.writerows([f"{cell:.6g}" if isinstance(cell, float) else cell for cell in row] for row in rows)
    return text.getvalue().encode()
