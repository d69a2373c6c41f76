"""The passes behind `attribution`: each sequence's last token once, with every cut that is asked about as a row."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import torch

from reportgen.errors import StudyError
from reportgen.interventions.attribution import Answer, AnswerEffects, Asked, Divergences, Ids, Look, Record
from reportgen.interventions.direct_path import DirectPath, find_path
from reportgen.interventions.edges import Cut, Cutter, cutting, require_cuts

LOGITS_AT_ONCE = 32

Keep = Callable[[Asked, Record], None]


@contextmanager
def attributing(model: Any, tokens: Ids) -> Iterator[Callable[[Sequence[Asked], Keep], None]]:
    """Within the context, what is called with some sequences of one length hands over each one's record as it is done.

    The ways are proven on a run over `tokens` first. Raises StudyError where the architecture does not allow them.
    """
    path = find_path(model, tokens)
    require_cuts(model, path.layers, tokens)
    with cutting(model, path.layers) as cutter:
        yield _Attributing(model, path, cutter).run


class _Attributing:
    """What runs sequences through one model."""

    def __init__(self, model: Any, path: DirectPath, cutter: Cutter) -> None:
        self._path, self._cutter = path, cutter
        self._layers, self._heads = len(path.layers), int(model.config.get_text_config().num_attention_heads)

    def run(self, asked: Sequence[Asked], keep: Keep) -> None:
        """Sequences of one length; `keep` is given the record of each."""
        self._cutter.keep_stems([one.tokens for one in asked])
        for stem, one in enumerate(asked):
            keep(one, self._answer(stem, one) if isinstance(one, Answer) else self._look(stem, one))

    def _answer(self, stem: int, asked: Answer) -> AnswerEffects:
        heads, windows = self._by_head(asked.subject), self._by_window(asked.subject, asked.window)
        control = self._by_window(asked.others, asked.window) if asked.others else []
        with self._path.watching() as passed:
            ran = self._cutter.run(stem, asked.tokens[-1], [*heads, *windows, *control])
        apart = self._path.ending.apart(asked.true, asked.false)
        direct = self._path.contributions(ran.through(asked.subject), self._path.towards(passed, apart))
        differences = apart.difference(torch.cat([ran.clean[None], ran.cut[: len(heads)]])).cpu()
        blocked = self._log_probabilities(torch.cat([ran.clean[None], ran.cut[len(heads) :]]), asked.true)
        change = (blocked[1:] - blocked[0]).view(2 if control else 1, -1)
        _require_finite(direct, differences, change)
        return AnswerEffects(
            difference=float(differences[0]),
            direct=direct.numpy(),
            cut=(differences[1:] - differences[0]).view(self._layers, self._heads).numpy(),
            windows=change[0].numpy(),
            control=(change[1] if control else torch.full_like(change[0], torch.nan)).numpy(),
        )

    def _look(self, stem: int, asked: Look) -> Divergences:
        ran = self._cutter.run(stem, asked.tokens[-1], self._by_head(asked.keys))
        clean = self._path.ending.logits(ran.clean[None]).log_softmax(-1)
        values = torch.cat([_divergence(clean, self._path.ending.logits(some)) for some in _few(ran.cut)]).cpu()
        _require_finite(values)
        return Divergences(values.view(self._layers, self._heads).numpy())

    def _by_head(self, keys: tuple[int, ...]) -> list[Cut]:
        return [Cut(layer, layer + 1, keys, head) for layer in range(self._layers) for head in range(self._heads)]

    def _by_window(self, keys: tuple[int, ...], width: int) -> list[Cut]:
        width = min(width, self._layers)
        return [Cut(first, first + width, keys) for first in range(self._layers - width + 1)]

    def _log_probabilities(self, states: torch.Tensor, token: int) -> torch.Tensor:
        """The log-probability of a token after each state [row, part], [row]."""
        some = [self._path.ending.logits(rows).log_softmax(-1)[:, token] for rows in _few(states)]
        return torch.cat(some).cpu()


def _few(states: torch.Tensor) -> Iterator[torch.Tensor]:
    """Rows, as many at a time as have logits together."""
    return (states[start : start + LOGITS_AT_ONCE] for start in range(0, len(states), LOGITS_AT_ONCE))


def _divergence(clean: torch.Tensor, logits: torch.Tensor) -> torch.Tensor:
    """Σ p (log p − log q) in nats, [row], from the logarithms of p [1, token] to each row's q."""
    other = logits.log_softmax(-1)
    return (clean.exp() * (clean - other)).sum(-1).clamp_min(0.0)


def _require_finite(*values: torch.Tensor) -> None:
    if not all(bool(value.isfinite().all()) for value in values):
        raise StudyError(
            "an effect on the logits is not a number. The weights may be damaged, or the model's numbers too large for this "
            "kernel; try another device."
        )
