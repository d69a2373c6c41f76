"""The panel of one head beside the map: at first the strongest head's numbers, then what the explorer puts there."""

from reportgen import numbers
from reportgen.findings import Finding
from reportgen.report import words
from reportgen.report.markup import Html
from reportgen.report.render import component
from reportgen.stats.corrections import criterion


def head_panel(finding: Finding) -> Html:
    """The strongest head in numbers, readable without any script."""
    tests, head = finding.tests, finding.strongest[0]
    adjusted = [(f"adjusted p, {words.CORRECTIONS[tests.headline]}", numbers.p_value(head.adjusted))]
    whose = words.INTERVALS[criterion(tests.headline).controls]
    entries = [
        (f"mean in {tests.contrast.a.name} statements", f"{numbers.points(head.mean_a)} points"),
        (f"mean in {tests.contrast.b.name} statements", f"{numbers.points(head.mean_b)} points"),
        ("effect", f"{numbers.points(head.effect)} {numbers.points_interval(head.effect_low, head.effect_high)}"),
        (f"interval {whose}", numbers.points_interval(head.simultaneous_low, head.simultaneous_high)),
        ("p", numbers.p_value(head.p_value)),
        *([] if head.reason else adjusted),
    ]
    return component(
        "components/head_panel", contrast=tests.contrast.id, head=head.name, verdict=head.verdict, entries=entries
    )
