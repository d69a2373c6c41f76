"""Fast linear layers on a CPU: of two equal products the faster one, found by trying both.

PyTorch's own float32 product is MKL's. oneDNN's, on weights packed beforehand, was 2.3 times as fast on an AMD
CPU (Zen 5) and no more than 5 % faster on an Intel one (Emerald Rapids), so the choice is measured:

1. Considered are the large linears with float32 weights in CPU memory: `nn.Linear`, and GPT-2's `Conv1D`.
2. Of every shape among them one linear runs both ways on random rows. The packed product must agree with float64
   as float32 does.
3. The shape with most of the arithmetic is timed both ways on one thread, in turn; the shortest time of each counts.
   (On several threads a neighbour on the machine made the ratio of equal products anything from 0.5 to 2.)
4. Where packing is clearly faster, every linear is replaced by one that holds the packed weight alone. Anything
   else, an operator that this PyTorch lacks included, leaves the model as it was.

For inference: packed products have no gradient, and a packed model cannot be moved, cast or saved.
"""

import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Literal

import torch
from torch import Tensor, nn
from transformers.pytorch_utils import Conv1D

CLEARLY_FASTER = 1.2  # far from both machines above, so that chance does not choose between them
TOLERANCE = 5e-6  # float32 products measured 6e-7 and less at any depth; TF32 would be off by 2e-4, bfloat16 by 3e-3
SMALLEST_WEIGHT = 2**14  # below, a call costs as much as its arithmetic
LARGEST_TRIAL = 2**29  # floating-point operations: a few milliseconds, whatever the model's size
SECONDS = 0.1


@dataclass(frozen=True)
class Prepacking:
    """How a weight [out, in] is packed, and how rows [..., in] are multiplied with it and a bias [out] added.

    A packed weight is a tensor whose `to_dense` gives the weight back.
    """

    pack: Callable[[Tensor], Tensor]
    product: Callable[[Tensor, Tensor, Tensor | None], Tensor]


# Private to PyTorch (its compiler emits them), hence looked up when called: what is missing fails in the trial.
ONEDNN = Prepacking(
    pack=lambda weight: torch.ops.mkldnn._reorder_linear_weight(weight, None),
    product=lambda rows, packed, bias: torch.ops.mkldnn._linear_pointwise(rows, packed, bias, "none", [], ""),
)


@dataclass(frozen=True)
class Linears:
    """By which product a model's large linears run, why, and both products' GFLOP/s on one thread, where timed."""

    kernel: Literal["plain", "prepacked"]
    why: str
    plain: float | None = None
    prepacked: float | None = None

    @property
    def ratio(self) -> float | None:
        """How many times as fast as the plain product the packed one is, where they were timed."""
        return self.prepacked / self.plain if self.plain and self.prepacked else None


class PackedLinear(nn.Module):
    """A linear that holds its weight packed; the plain weight is freed unless someone else holds it."""

    def __init__(self, linear: nn.Module, prepacking: Prepacking) -> None:
        super().__init__()
        weight = weight_of(linear)
        self.out_features, self.in_features = weight.shape
        self.bias: nn.Parameter | None = getattr(linear, "bias", None)
        self._product = prepacking.product
        self._packed = prepacking.pack(weight.detach())

    @property
    def weight(self) -> Tensor:
        """The weight [out, in], whatever the linear was before; unpacked, bit for bit, at every reading."""
        return self._packed.to_dense()

    def forward(self, rows: Tensor) -> Tensor:
        """Rows [..., in] to rows [..., out]."""
        return self._product(rows, self._packed, self.bias)


def quicken(model: nn.Module, rows: int = 512, prepacking: Prepacking = ONEDNN) -> Linears:
    """Make the model's linears run by the faster product, for batches of about `rows` tokens; costs 0.3 s.

    To be called once, before anything keeps hold of a linear or its weight. A weight read by `weight_of` is the
    same before and after; one that is kept from before stays in memory beside its packed copy.
    """
    found = compare_products(model, rows, prepacking)
    if found.kernel == "prepacked":
        prepack(model, prepacking)
    return found


def compare_products(model: nn.Module, rows: int = 512, prepacking: Prepacking = ONEDNN) -> Linears:
    """Try both products on the model's own weights and name the better one; the model is left as it is."""
    linears = _one_of_each_shape(model)
    if not linears:
        return Linears("plain", "the model has no large float32 linear on a CPU")
    try:
        with torch.inference_mode():
            trials = [_trial(linear, rows, prepacking) for linear in linears]
            if not all(trial.error() <= TOLERANCE for trial in trials):
                return Linears("plain", "the packed product is not equal to the plain one")
            return _faster(trials[0])
    except Exception as error:  # private operators: whatever they raise, the plain product serves
        first_line = str(error).partition("\n")[0]
        return Linears("plain", f"the packed product failed: {first_line}")


def prepack(model: nn.Module, prepacking: Prepacking = ONEDNN) -> None:
    """Replace the model's large linears by packed ones, one after the other, so that one weight at most is held twice."""
    for name in [name for name, _ in _linears(model)]:
        model.set_submodule(name, PackedLinear(model.get_submodule(name), prepacking))


def weight_of(linear: Any) -> Any:
    """The weight [out, in] of an `nn.Linear`, a `Conv1D` (which keeps it transposed) or a packed linear."""
    return linear.weight.T if isinstance(linear, Conv1D) else linear.weight


def _one_of_each_shape(model: nn.Module) -> list[Any]:
    """The first of the model's large linears of each shape, the shape with most of the arithmetic first."""
    by_shape: defaultdict[tuple[int, ...], list[nn.Module]] = defaultdict(list)
    for _, linear in _linears(model):
        by_shape[tuple(weight_of(linear).shape)].append(linear)
    alike = sorted(by_shape.values(), key=lambda some: len(some) * weight_of(some[0]).numel(), reverse=True)
    return [some[0] for some in alike]


def _linears(model: nn.Module) -> list[tuple[str, Any]]:
    """The linears that may be replaced, under their names.

    Not the model itself, and none whose weight stands at two places (tied embeddings would be held twice) or that
    carries a hook, which a replacement would lose. Subclasses compute in ways of their own.
    """
    places = Counter(id(parameter) for _, parameter in model.named_parameters(remove_duplicate=False))
    return [
        (name, module)
        for name, module in model.named_modules()
        if name and _is_plain(module) and places[id(module.weight)] == 1
    ]


def _is_plain(module: Any) -> bool:
    if type(module) not in (nn.Linear, Conv1D) or module._forward_hooks or module._forward_pre_hooks:
        return False
    weight = module.weight
    large = weight.numel() >= SMALLEST_WEIGHT
    return bool(large and weight.dtype == torch.float32 and weight.device.type == "cpu")


@dataclass(frozen=True)
class _Trial:
    """One product to do both ways: rows [row, in], weight [out, in] plain and packed, bias [out]."""

    rows: Tensor
    weight: Tensor
    packed: Tensor
    bias: Tensor | None
    product: Callable[[Tensor, Tensor, Tensor | None], Tensor]

    def run_plain(self) -> Tensor:
        """What the model does by itself."""
        return nn.functional.linear(self.rows, self.weight, self.bias)

    def run_packed(self) -> Tensor:
        """The same from the packed weight."""
        return self.product(self.rows, self.packed, self.bias)

    def error(self) -> float:
        """The packed product's distance from float64's, relative to its length (Frobenius norms)."""
        bias = None if self.bias is None else self.bias.double()
        exact = nn.functional.linear(self.rows.double(), self.weight.double(), bias)
        return float((self.run_packed().double() - exact).norm() / exact.norm())

    @property
    def operations(self) -> int:
        """The floating-point operations of one product."""
        return 2 * self.rows.shape[0] * self.weight.numel()


def _trial(linear: Any, rows: int, prepacking: Prepacking) -> _Trial:
    """A linear's product, with no more of its outputs than `LARGEST_TRIAL` allows."""
    whole, bias = weight_of(linear), linear.bias
    outputs = max(1, LARGEST_TRIAL // (2 * rows * whole.shape[1]))
    weight = whole[:outputs]
    kept = None if bias is None else bias[:outputs]
    return _Trial(_draw(rows, weight.shape[1]), weight, prepacking.pack(weight), kept, prepacking.product)


def _faster(trial: _Trial) -> Linears:
    with _one_thread():
        times = _shortest([trial.run_plain, trial.run_packed], SECONDS)
    plain, prepacked = (trial.operations / shortest / 1e9 for shortest in times)
    kernel: Literal["plain", "prepacked"] = "prepacked" if prepacked >= CLEARLY_FASTER * plain else "plain"
    why = f"packed weights are {prepacked / plain:.2f} times as fast; {CLEARLY_FASTER} is asked"
    return Linears(kernel, why, plain, prepacked)


def _shortest(ways: Sequence[Callable[[], object]], seconds: float) -> list[float]:
    """The shortest time of each way in seconds: run once unseen, as a first call makes its kernel, then in turn."""
    for way in ways:
        way()
    shortest = [float("inf")] * len(ways)
    until = time.perf_counter() + seconds
    while time.perf_counter() < until or shortest[-1] == float("inf"):
        for index, way in enumerate(ways):
            began = time.perf_counter()
            way()
            shortest[index] = min(shortest[index], time.perf_counter() - began)
    return shortest


@contextmanager
def _one_thread() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def _draw(rows: int, inputs: int) -> Tensor:
    return torch.randn(rows, inputs, generator=torch.Generator().manual_seed(0))
