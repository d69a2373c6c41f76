"""How the scores were read, in a reader's words: by which way, what was saved, how well it proved itself."""

from collections.abc import Container, Sequence

from reportgen import numbers
from reportgen.capture.record import CaptureRun, PatternReader, Proof, Route
from reportgen.report.markup import Md, join_md, md

_WAYS = {
    "shared": "out of plain transformers through its attention interface",
    "hooks": "by TransformerLens's hooks",
    "alone": "out of plain transformers with eager attention, each statement alone, as TransformerLens does not know this "
    "architecture",
}
_KERNELS = {"plain": "", "prepacked": "linear layers by oneDNN on weights packed beforehand"}


def capture_entries(runs: Sequence[CaptureRun]) -> list[tuple[str, str]]:
    """The rows of the provenance that tell of a capture, oldest run first."""
    devices = [f"{run.device}, {run.dtype} ({run.processor})" for run in runs]
    return [
        ("Captured", ", ".join(sorted({run.finished for run in runs}))),
        ("Device", "; ".join(dict.fromkeys(devices))),
        ("Forward passes", _passes(runs)),
        ("Read", "; ".join(dict.fromkeys(_way(run.route) for run in runs))),
        ("Proof of the capture", _proof(worst_proof(runs))),
    ]


def worst_proof(runs: Sequence[CaptureRun]) -> Proof:
    """The proof with the greatest deviation of a score or of a row's sum."""
    return max((run.proof for run in runs), key=lambda proof: max(proof.row_sum, proof.score))


def saved(runs: Sequence[CaptureRun]) -> str:
    """What sharing saved: "saved 49 % of 6,180 tokens"; nothing where it saved nothing."""
    tokens, computed = sum(run.tokens for run in runs), sum(run.computed for run in runs)
    return f"saved {numbers.percent(tokens - computed, tokens)} of {numbers.things(tokens, 'token')}" * (
        computed < tokens
    )


def newest(runs: Sequence[CaptureRun], statements: int) -> tuple[CaptureRun, ...]:
    """The last of the runs, as many as captured so many statements."""
    chosen: list[CaptureRun] = []
    for run in reversed(runs):
        if sum(each.statements for each in chosen) >= statements:
            break
        chosen.insert(0, run)
    return tuple(chosen)


def saved_just_now(runs: Sequence[CaptureRun], fresh: int) -> str:
    """The same of the runs that captured the `fresh` statements of this very build, for its profile."""
    if not fresh:
        return "nothing was captured"
    return saved(newest(runs, fresh)) or "no token was shared"


def software(runs: Sequence[CaptureRun], readers: Container[PatternReader] = ("bridge",)) -> Md:
    """With what attention was read and how this was checked, for the paragraph on methods; `readers` are those of the patterns
    that are shown."""
    versions, proof = dict(runs[-1].versions), worst_proof(runs)
    return md(
        "{read} Before anything was kept, scores read so were compared with those of plain transformers with eager attention "
        "on {sample}: they differ by {worst} at most.",
        read=_read({run.route.way for run in runs}, versions, readers),
        sample=numbers.things(proof.statements, "statement"),
        worst=numbers.small(proof.score),
    )


def _read(ways: Container[str], versions: dict[str, str], readers: Container[PatternReader]) -> Md:
    if "shared" in ways:
        return _read_shared(versions, readers)
    return _read_alone(versions) if "alone" in ways else _read_by_hooks(versions)


def _read_shared(versions: dict[str, str], readers: Container[PatternReader]) -> Md:
    shared = md(
        "Scores were read out of transformers {transformers} [@wolf2020] through its attention interface, on PyTorch {torch}, "
        "what statements begin with alike being computed once; patterns of the examples and the attention to every token that is "
        "shown",
        transformers=versions["transformers"],
        torch=versions["torch"],
    )
    lens = md("with TransformerLens {lens} [@nanda2022].", lens=versions["transformer-lens"])
    plain = Md("with its eager attention, each statement alone, as TransformerLens does not know this architecture.")
    return join_md([shared, plain if "plain" in readers else lens])


def _read_alone(versions: dict[str, str]) -> Md:
    return md(
        "Attention was read out of transformers {transformers} [@wolf2020] as its eager attention shows it, each statement "
        "alone, on PyTorch {torch}.",
        transformers=versions["transformers"],
        torch=versions["torch"],
    )


def _read_by_hooks(versions: dict[str, str]) -> Md:
    return md(
        "Attention was read with TransformerLens {lens} [@nanda2022] on transformers {transformers} [@wolf2020] and PyTorch "
        "{torch}.",
        transformers=versions["transformers"],
        torch=versions["torch"],
        lens=versions["transformer-lens"],
    )


def _passes(runs: Sequence[CaptureRun]) -> str:
    statements, seconds = sum(run.statements for run in runs), sum(run.seconds for run in runs)
    rate = f"{numbers.count(round(statements / max(seconds, 1e-9)))} statements/s"
    passes = f"{numbers.things(statements, 'statement')} in {seconds:.1f} s ({rate})"
    return f"{passes}; shared beginnings computed once, which {saved(runs)}" if saved(runs) else passes


def _way(route: Route) -> str:
    kernel = f"; {_KERNELS[route.kernel]}" if _KERNELS[route.kernel] else ""
    return f"{_WAYS[route.way]}{kernel}{_why(route.why)}"


def _why(reason: str) -> str:
    """The first line of what went wrong, which may be another package's whole error message."""
    lines = reason.strip().splitlines()
    return f", because the attention interface did not serve: {lines[0]}" if lines else ""


def _proof(proof: Proof) -> str:
    exact, single = (numbers.significant(each).rstrip("0") for each in (proof.score_tolerance, proof.pattern_tolerance))
    return (
        f"on {numbers.things(proof.statements, 'statement')}, against plain transformers with eager attention, each statement "
        f"alone: scores are equal within {numbers.small(proof.score)} and the sums of rows of attention within "
        f"{numbers.small(proof.row_sum)} ({exact} is tolerated), single shares within {numbers.small(proof.pattern)} "
        f"({single} is tolerated)"
    )
