"""Reports about the attention heads of a language model, from YAML study specs.

`import reportgen as rg; study = rg.load("spec.yml")` gives a study in Python: see `reportgen.api`.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from reportgen.api import Study as Study
    from reportgen.api import load as load
    from reportgen.api import load_all as load_all

__all__ = ["Study", "load", "load_all"]


def __getattr__(name: str) -> Any:
    """What a notebook uses is imported when it is asked for, so that the command line starts without it."""
    if name in __all__:
        from reportgen import api  # noqa: PLC0415

        return getattr(api, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
