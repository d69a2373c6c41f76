"""How near to plain transformers a way of reading must come, in each arithmetic."""

from reportgen.capture.record import PATTERN_TOLERANCE, SCORE_TOLERANCE

BFLOAT16_SCORE_TOLERANCE, BFLOAT16_PATTERN_TOLERANCE = 0.2, 0.25
"""Twice what right answers in bfloat16 were seen to be off by, in SmolLM2-135M: scores up to 0.11 from float32 over 1,038
statements, and up to 0.05 (single shares 0.06) from each other over 64, where products are summed in another order."""
FLOAT16_SCORE_TOLERANCE, FLOAT16_PATTERN_TOLERANCE = 0.02, 0.03
"""Three times as much and more, as float16 has been tried less: scores up to 0.0068 from float32 over 350 statements, and up
to 0.002 (single shares too) from each other."""
TOLERANCES = {
    "float32": (SCORE_TOLERANCE, PATTERN_TOLERANCE),
    "bfloat16": (BFLOAT16_SCORE_TOLERANCE, BFLOAT16_PATTERN_TOLERANCE),
    "float16": (FLOAT16_SCORE_TOLERANCE, FLOAT16_PATTERN_TOLERANCE),
}
"""How far scores and single shares may be from plain transformers', in each arithmetic."""
