"""The record of a planted run says what was found, and from what; that of a failed one gives nothing of the machine away."""

import csv
import io
from dataclasses import replace
from pathlib import Path

import pytest

from reportgen import provenance
from reportgen.capture.record import CaptureRun, Proof, Route
from reportgen.errors import InputError, Problem, StudyError
from reportgen.facts.fact import Fact, FactSet
from reportgen.history.compare import compare
from reportgen.history.record import RunRecord, facts_digest
from reportgen.report.finding_text import one_line
from reportgen.report.results import Results
from reportgen.report.run_record import facts_csv, failed_record, plain_error, run_record
from reportgen.spec.model import CountSection, ExpectSection, ReplicationSection
from tests import planted

CAPTURE = CaptureRun(
    finished="2026-11-24T11:00:00+00:00",
    device="cpu",
    processor=provenance.processor(),
    dtype="float32",
    versions=(("torch", "2.13.0"), ("transformers", "5.23.0")),
    route=Route("shared"),
    statements=80,
    tokens=240,
    computed=240,
    seconds=1.0,
    proof=Proof(8, 0.0, 0.0, 0.0, 1e-4, 1e-3),
)


@pytest.fixture(autouse=True)
def _today(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1795550148")


@pytest.fixture(scope="module")
def results() -> Results:
    made = planted.statements(40)
    found = planted.results(made, planted.values(made, {(1, 2): -0.1, (2, 0): 0.05}))
    return replace(found, captured=replace(found.captured, runs=(CAPTURE,)))


def with_captures(results: Results, *runs: CaptureRun) -> RunRecord:
    return run_record(replace(results, captured=replace(results.captured, runs=runs)), ())


def test_a_record_says_who_and_when(results: Results) -> None:
    record = run_record(results, ())
    assert (record.study, record.title, record.outcome, record.error) == ("s", "T", "finished", "")
    assert (record.finished, record.day) == ("2026-11-24T19:55:48+00:00", "2026-11-24")
    assert record.captured == CAPTURE.finished
    assert record.finding == one_line(results.findings[0], results.plan.file.spec)


def test_a_record_has_every_head_of_every_contrast_to_six_digits(results: Results) -> None:
    [contrast] = run_record(results, ()).contrasts
    [finding] = results.findings
    assert (contrast.id, contrast.title, contrast.n) == ("truth", "True against false", "40 pairs")
    assert (contrast.layers, contrast.heads, contrast.tested) == (3, 4, 12)
    assert (contrast.alpha, contrast.smallest_effect, contrast.headline) == (0.05, 0.01, "holm")
    assert contrast.found == ["L1H2", "L2H0"]
    for head in finding.all_heads:
        place = contrast.place(head.name)
        for column, value in (
            (contrast.effect, head.effect),
            (contrast.low, head.simultaneous_low),
            (contrast.high, head.simultaneous_high),
            (contrast.adjusted, head.adjusted),
        ):
            assert column[place] == float(f"{value:.6g}")


def test_what_is_no_number_is_none(results: Results) -> None:
    [finding] = results.findings
    nothing = dict.fromkeys(("effect", "simultaneous_low", "simultaneous_high", "adjusted"), float("nan"))
    heads = (replace(finding.all_heads[0], **nothing), *finding.all_heads[1:])
    [contrast] = run_record(replace(results, findings=(replace(finding, all_heads=heads),)), ()).contrasts
    assert (contrast.effect[0], contrast.low[0], contrast.high[0], contrast.adjusted[0]) == (None, None, None, None)


def test_a_record_names_what_the_numbers_depend_on(results: Results) -> None:
    inputs = run_record(results, ()).inputs
    assert inputs is not None
    assert inputs.spec == results.plan.file.spec.model_dump(mode="json")
    assert inputs.facts == facts_digest(facts_csv(results.plan.facts))
    assert (inputs.model.name, inputs.model.identity, inputs.model.origin) == ("m", "0" * 64, "a hub")
    assert inputs.code == provenance.code_version("")
    assert (inputs.processor, inputs.device, inputs.dtype) == (CAPTURE.processor, "cpu", "float32")
    assert inputs.versions == {
        "reportgen": provenance.own_version(),
        **dict(provenance.versions(("numpy", "scipy", "statsmodels"))),
        "torch": "2.13.0",
        "transformers": "5.23.0",
    }


def test_of_several_captures_the_latest_dates_the_run_and_all_are_named(results: Results) -> None:
    elsewhere = replace(CAPTURE, finished="2026-11-23T11:00:00+00:00", device="cuda:0", processor="A, 8 cores")
    record = with_captures(results, CAPTURE, elsewhere)
    assert record.captured == CAPTURE.finished
    assert record.inputs is not None
    assert record.inputs.device == "cpu; cuda:0"
    here = provenance.processor()
    assert record.inputs.processor == f"A, 8 cores; {here} (scores); {here} (tests)"
    assert with_captures(results, elsewhere, CAPTURE) == record
    assert with_captures(results).captured == ""


def test_a_record_is_read_as_it_was_written_and_compares_with_itself(results: Results) -> None:
    record = run_record(results, ())
    read = RunRecord.from_bytes(record.to_bytes())
    assert read == record
    comparison = compare(read, record, {}.get)
    assert (comparison.kind, comparison.causes) == ("restored", ())


def test_expectations_and_replications_are_judged(results: Results) -> None:
    first = run_record(results, ())
    spec = results.plan.file.spec.model_copy(
        update={
            "expect": (
                ExpectSection(heads=CountSection(least=1)),
                ExpectSection(head="L1H2", run="2026-11-24", within=0.0),
            ),
            "replicates": (ReplicationSection(claim="C", source="S", quantity="heads", value=2, tolerance=0),),
        }
    )
    plan = replace(results.plan, file=results.plan.file.model_copy(update={"spec": spec}))
    record = run_record(replace(results, plan=plan), (first,))
    assert [verdict.met for verdict in record.expectations] == [True, True]
    assert [one.passes for one in record.replications] == [True]
    assert record.inputs is not None
    assert record.inputs.spec["expect"][0]["heads"] == {"least": 1, "most": None}


def test_facts_are_kept_with_their_twins_and_own_columns() -> None:
    france = Fact(
        "France", "capital", "Paris", True, "p1", {"continent": "Europe", "area": "large"}, "{subject} {object}"
    )
    lie = replace(france, object='Rome, "the eternal"', truth=False)
    odd = Fact("Kiribati", "capital", "Tarawa", True, "p2", {"ocean": "Pacific"}, "{subject} {object}")
    text = facts_csv(FactSet((france, lie, odd), (), "")).decode()
    assert list(csv.reader(io.StringIO(text))) == [
        ["subject", "relation", "object", "truth", "pair", "area", "continent", "ocean"],
        ["France", "capital", "Paris", "true", "p1", "large", "Europe", ""],
        ["France", "capital", 'Rome, "the eternal"', "false", "p1", "large", "Europe", ""],
        ["Kiribati", "capital", "Tarawa", "true", "p2", "", "", "Pacific"],
    ]
    assert "\r" not in text


def test_a_failed_record_has_its_error_and_nothing_else() -> None:
    record = failed_record("s", "T", StudyError("the model is gone"))
    assert (record.failed, record.error, record.finished) == (True, "the model is gone", "2026-11-24T19:55:48+00:00")
    assert (record.inputs, record.contrasts, record.captured, record.finding) == (None, (), "", "")
    assert RunRecord.from_bytes(record.to_bytes()) == record


HERE, HOME = Path("/home/ada/study"), Path("/home/ada")


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (StudyError("a\n    b\tc"), "a b c"),
        (InputError(Problem(f"{HERE}/specs/x.yml:3:9", "this is wrong", "mend it")), "specs/x.yml:3:9: this is wrong"),
        (InputError(Problem("x.yml:1", "A"), Problem("x.yml:2", "B"), Problem("c", "C")), "x.yml:1: A (and 2 more)"),
        (StudyError(f"{HOME}/.cache/reportgen/x: cannot be written"), "~/.cache/reportgen/x: cannot be written"),
        (StudyError("no file /var/lib/models/m.gguf"), "no file m.gguf"),
        (StudyError("no file '/m.gguf'."), "no file 'm.gguf'."),
        (StudyError("/home/ada2/x.csv"), "x.csv"),
        (StudyError("/mnt/home/ada/x.csv"), "x.csv"),
        (StudyError(r"no file C:\Users\ada\x.csv"), "no file x.csv"),
        (StudyError("see https://example.org/a/b and/or ~/x or 1/2"), "see https://example.org/a/b and/or ~/x or 1/2"),
        (FileNotFoundError(2, "No such file", "/opt/x.csv"), "FileNotFoundError: [Errno 2] No such file: 'x.csv'"),
        (KeyError("x"), "KeyError: 'x'"),
        (ValueError(), "ValueError"),
        (StudyError("x" * 1000), "x" * 499 + "…"),
    ],
)
def test_an_error_is_told_in_a_line_without_the_machines_folders(
    monkeypatch: pytest.MonkeyPatch, error: Exception, told: str
) -> None:
    monkeypatch.setattr(Path, "cwd", lambda: HERE)
    monkeypatch.setattr(Path, "home", lambda: HOME)
    assert plain_error(error) == told


def test_a_root_as_folder_or_home_leaves_other_paths_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("cwd", "home"):
        monkeypatch.setattr(Path, name, lambda: Path("/"))
    assert plain_error(StudyError("specs/x.yml and /a/b.csv")) == "specs/x.yml and b.csv"
