"""Every experiment that there is, in the order of the page."""

from reportgen.analyses import object_attention
from reportgen.analyses.analysis import Analysis, AnyAnalysis

ANALYSES: tuple[AnyAnalysis, ...] = (
    Analysis(
        "object_attention",
        "Attention to the object",
        "Do the same heads look at the object differently, and does the object look at the subject?",
        object_attention.needs,
        object_attention.find,
        object_attention.tell,
    ),
)
