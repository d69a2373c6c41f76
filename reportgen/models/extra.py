"""What runs models is an extra of this package: without it, results that were captured elsewhere are rendered."""

from importlib.util import find_spec

from reportgen.errors import StudyError

_PACKAGES = ("torch", "transformers", "transformer_lens", "gguf", "safetensors", "huggingface_hub")


def require_models() -> None:
    """Raise StudyError where a package that runs models is not installed. Imports none of them."""
    missing = [package for package in _PACKAGES if find_spec(package) is None]
    if missing:
        raise StudyError(
            f"a model cannot be run here, without {', '.join(missing)}: this needs the models extra, "
            "pip install 'reportgen[models]'. Results that were captured elsewhere need no model: reportgen render."
        )
