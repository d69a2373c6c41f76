"""Records of runs as tests need them: a small model, two contrasts, and whatever is to be different."""

from typing import Any

from reportgen.history.record import ContrastRecord, Inputs, ModelInput, Replicated, RunRecord, Verdict

SPEC: dict[str, Any] = {
    "study": {"id": "s", "title": "T", "tags": []},
    "model": {"hub": "m", "revision": None, "prepend_bos": "auto", "device": "auto"},
    "facts": {"file": "f.csv", "relations": {"r": {"template": "{subject} {object}"}}, "seed": 0},
    "contrasts": [
        {
            "id": "truth",
            "title": "True against false",
            "a": {"name": "true", "where": {"truth": True}},
            "b": {"name": "false", "where": {"truth": False}},
        }
    ],
    "tests": {"alpha": 0.05, "headline": "max_t", "corrections": ["holm", "max_t"], "cluster": None},
    "report": {"top_heads": 10},
}


def contrast(id_: str = "truth", **changes: Any) -> ContrastRecord:
    """Two layers of three heads: L0H1 and L1H2 are found, L1H0 could not be tested."""
    values: dict[str, Any] = {
        "id": id_,
        "title": f"Contrast {id_}",
        "n": "40 pairs",
        "layers": 2,
        "heads": 3,
        "tested": 5,
        "alpha": 0.05,
        "smallest_effect": 0.01,
        "headline": "max_t",
        "found": ["L0H1", "L1H2"],
        "effect": [0.001, 0.2, -0.002, 0.0, 0.005, -0.1],
        "low": [-0.019, 0.16, -0.022, None, -0.015, -0.12],
        "high": [0.021, 0.24, 0.018, None, 0.025, -0.08],
        "adjusted": [0.9, 0.0001, 0.8, None, 0.7, 0.0002],
    }
    return ContrastRecord(**{**values, **changes})


def inputs(**changes: Any) -> Inputs:
    """What the runs here depend on."""
    values: dict[str, Any] = {
        "spec": SPEC,
        "facts": "0123456789abcdef",
        "model": ModelInput(name="m", identity="commit:607a30d783dfa663caf39e06633721c8d4cfcd7e", origin="a hub"),
        "code": "c0de",
        "versions": {"reportgen": "0.1.0", "torch": "2.13.0", "numpy": "2.4.6"},
        "processor": "one, 2 cores",
        "device": "cpu",
        "dtype": "float32",
    }
    return Inputs(**{**values, **changes})


def run(day: str = "2026-11-24", **changes: Any) -> RunRecord:
    """A run that finished at noon of that day, an hour after it was captured."""
    values: dict[str, Any] = {
        "study": "s",
        "title": "T",
        "finished": f"{day}T12:00:00+00:00",
        "outcome": "finished",
        "captured": f"{day}T11:00:00+00:00",
        "inputs": inputs(),
        "finding": "2 of 5 heads differ.",
        "contrasts": (contrast(), contrast("recalled")),
        "expectations": (Verdict(text="at least 1 head", met=True, got="2 of 5 heads"),),
        "replications": (
            Replicated(claim="c", source="s", url="", published="1 head", ours="2 heads", passes=False, rule="r"),
        ),
    }
    return RunRecord(**{**values, **changes})


def failed(day: str = "2026-11-25", error: str = "the model is gone") -> RunRecord:
    """A run that went wrong at noon of that day."""
    return RunRecord(study="s", title="T", finished=f"{day}T12:00:00+00:00", outcome="failed", error=error)
