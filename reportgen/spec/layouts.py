"""How files of facts may be laid out, by name: apart from what reads them, so that the command line can list them at once."""

from typing import Literal

FactsFormat = Literal[
    "auto",
    "csv",
    "json_lines",
    "parquet",
    "excel",
    "counterfact",
    "known_1000",
    "lre",
    "pararel",
    "geometry_of_truth",
    "popqa",
]
