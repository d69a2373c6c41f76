"""What a page says of a capture is true of either way of reading it."""

from dataclasses import replace

from reportgen.capture.record import CaptureRun, Proof, Route
from reportgen.report.capture_words import capture_entries, newest, saved, saved_just_now, software
from reportgen.report.markup import Md
from reportgen.report.methods import cited_keys

RUN = CaptureRun(
    finished="2026-01-01T00:00:00+00:00",
    device="cpu",
    processor="P, 2 cores",
    dtype="float32",
    versions=(("torch", "2.1"), ("transformers", "5.2"), ("transformer-lens", "4.3"), ("tokenizers", "0.1")),
    route=Route("shared"),
    statements=400,
    tokens=4000,
    computed=2000,
    seconds=2.0,
    proof=Proof(8, 2e-6, 4e-5, 3e-6),
)
SECOND = replace(RUN, finished="2026-01-02T00:00:00+00:00", statements=300, tokens=2180, computed=1152, seconds=1.3)
HOOKS = replace(RUN, computed=4000, route=Route("hooks", "plain", "it knows no interface\nand more"))


def rows(*runs: CaptureRun) -> dict[str, str]:
    return dict(capture_entries(runs))


def said(text: Md) -> str:
    """Without the marks that keep a dot from being taken for markup."""
    return text.replace("\\", "")


def test_the_passes_of_all_runs_are_told_together_with_what_sharing_saved() -> None:
    assert rows(RUN, SECOND)["Forward passes"] == (
        "700 statements in 3.3 s (212 statements/s); shared beginnings computed once, which saved 49\u00a0% of 6,180 tokens"
    )


def test_where_nothing_was_shared_nothing_is_claimed() -> None:
    assert rows(HOOKS)["Forward passes"] == "400 statements in 2.0 s (200 statements/s)"
    assert saved([HOOKS]) == ""


def test_the_way_of_reading_is_told_with_its_kernel_or_the_reason() -> None:
    assert rows(RUN)["Read"] == "out of plain transformers through its attention interface"
    packed = replace(RUN, route=Route("shared", "prepacked"))
    assert rows(packed)["Read"].endswith("; linear layers by oneDNN on weights packed beforehand")
    assert rows(HOOKS)["Read"] == (
        "by TransformerLens's hooks, because the attention interface did not serve: it knows no interface"
    )
    assert rows(RUN, RUN, HOOKS)["Read"].count("; by TransformerLens's hooks") == 1


def test_every_machine_that_took_part_is_named_once() -> None:
    assert rows(RUN, SECOND)["Device"] == "cpu, float32 (P, 2 cores)"
    assert rows(RUN, replace(RUN, processor="Q"))["Device"] == "cpu, float32 (P, 2 cores); cpu, float32 (Q)"


def test_the_worst_proof_is_shown_in_words_that_say_what_was_compared() -> None:
    worse = replace(SECOND, proof=Proof(8, 1e-6, 1e-6, 2e-5))
    assert rows(worse, RUN)["Proof of the capture"] == (
        "on 8 statements, against plain transformers with eager attention, each statement alone: scores are equal within "
        "0.00002 and the sums of rows of attention within 0.000001 (0.00005 is tolerated), single shares within 0.000001 "
        "(0.001 is tolerated)"
    )


def test_a_coarser_tolerance_is_not_rounded() -> None:
    coarse = replace(RUN, proof=Proof(8, 1e-3, 0.02, 1e-3, score_tolerance=0.1, pattern_tolerance=0.15))
    assert "(0.1 is tolerated), single shares within 0.02 (0.15 is tolerated)" in rows(coarse)["Proof of the capture"]


def test_the_methods_cite_what_read_the_attention() -> None:
    shared, hooks = software([RUN]), software([HOOKS])
    for text in (shared, hooks):
        assert cited_keys([text]) == ("nanda2022", "wolf2020")
        assert "on 8 statements: they differ by 0.000003 at most." in said(text)
    assert "through its attention interface" in shared
    assert "TransformerLens 4.3" in said(shared)
    assert said(hooks).startswith("Attention was read with TransformerLens 4.3")
    assert "interface" not in hooks


def test_the_newest_runs_are_those_that_captured_the_fresh_statements() -> None:
    assert newest([RUN, SECOND], 0) == ()
    assert newest([RUN, SECOND], 300) == (SECOND,)
    assert newest([RUN, SECOND], 700) == (RUN, SECOND)


def test_a_profile_tells_of_what_was_captured_just_now_alone() -> None:
    assert saved_just_now([RUN, SECOND], 300) == "saved 47\u00a0% of 2,180 tokens"
    assert saved_just_now([RUN, SECOND], 0) == "nothing was captured"
    assert saved_just_now([HOOKS], 400) == "no token was shared"
