"""The report counts what the model did, leaves out what we did, and says both."""

from __future__ import annotations

import json

import pytest

from codeeval.report import MissingSamples, Report, ReportBuilder
from codeeval.report_text import percent, text_table
from codeeval.sandbox.verdict import Status
from tests.codeeval.run_directories import COLUMNS, MANIFEST, realistic, write_run

PASSED = {"base": 1.0, "plus": 1.0}
BASE_ONLY = {"base": 1.0, "plus": 0.0}
FAILED = {"base": 0.0, "plus": 0.0}


def builder(ids=("A/0", "A/1"), ks=(1,), **options) -> ReportBuilder:
    return ReportBuilder(COLUMNS, ids, ks, **options)


def two_problems(ks=(1,), **options) -> ReportBuilder:
    build = builder(ks=ks, **options)
    for scores, status in ((PASSED, "passed"), (BASE_ONLY, "wrong_answer")):
        build.add("A/0", scores, status, True)
    build.add("A/1", FAILED, "timeout", False)
    build.add("A/1", FAILED, Status.RUNTIME_ERROR, True)
    return build


def test_each_column_is_the_mean_over_problems_of_its_share():
    report = two_problems().build(MANIFEST)
    assert [report.estimates[column][0].value for column in COLUMNS] == [0.5, 0.25]


def test_counts_samples_by_status_in_the_order_of_statuses():
    report = two_problems().build(MANIFEST)
    assert list(report.counts.items()) == [
        ("passed", 1),
        ("wrong_answer", 1),
        ("runtime_error", 1),
        ("timeout", 1),
    ]
    assert (report.samples, report.sealed, report.infrastructure_errors) == (4, 3, 0)


def test_a_problem_keeps_its_own_counts():
    row = two_problems(metadata={"A/0": {"difficulty": "hard"}}).build(MANIFEST).problems[0]
    assert (row.task_id, row.samples, row.correct) == ("A/0", 2, {"base": 2, "plus": 1})
    assert row.statuses == {"passed": 1, "wrong_answer": 1}
    assert row.metadata == {"difficulty": "hard"}


def test_an_infrastructure_error_is_left_out_of_n_and_said_in_words():
    build = two_problems()
    build.add("A/0", {}, "infrastructure_error", True)
    report = build.build(MANIFEST)
    assert report.estimates["base"][0].value == 0.5
    assert report.problems[0].samples == 2
    assert (report.samples, report.judged, report.sealed) == (5, 4, 3)
    assert "1 sample could not be judged" in report.warnings[0]


def test_a_problem_that_could_not_be_judged_is_neither_missing_nor_failed():
    build = builder(("A/0", "A/1"))
    build.add("A/0", PASSED, "passed", True)
    build.add("A/1", {}, "infrastructure_error", False)
    report = build.build(MANIFEST)
    assert report.estimates["base"][0].value == 1.0
    assert any("A/1" in warning for warning in report.warnings)


def test_a_k_beyond_the_samples_is_refused_with_the_reason():
    report = two_problems(ks=(1, 2, 10)).build(MANIFEST)
    assert [estimate.metric for estimate in report.estimates["plus"]] == ["pass@1", "pass@2"]
    assert list(report.refused) == ["pass@10"]
    assert "A/0" in report.refused["pass@10"]


def test_missing_samples_are_an_error_unless_their_meaning_is_said():
    build = builder(("A/0", "A/1", "A/2"))
    build.add("A/0", PASSED, "passed", True)
    with pytest.raises(MissingSamples, match=r"2 of 3 problems have no sample \(A/1, A/2\)"):
        build.build(MANIFEST)


@pytest.mark.parametrize(("missing", "value", "tasks"), [("fail", 1 / 3, 3), ("skip", 1.0, 1)])
def test_missing_problems_fail_or_are_skipped_as_asked(missing, value, tasks):
    build = builder(("A/0", "A/1", "A/2"), ks=(1, 2), missing=missing)
    for _ in range(2):
        build.add("A/0", PASSED, "passed", True)
    report = build.build(MANIFEST)
    for estimate in report.estimates["base"]:
        assert (estimate.value, estimate.tasks) == (pytest.approx(value), tasks)
    assert "2 of 3 problems have no sample" in report.warnings[0]


def test_problems_of_one_source_share_a_cluster():
    ids = [f"A/{number}" for number in range(30)]
    metadata = {task_id: {"repository": number // 3} for number, task_id in enumerate(ids)}
    build = builder(ids, metadata=metadata, cluster_key="repository")
    for number, task_id in enumerate(ids):
        build.add(task_id, PASSED if number % 7 else FAILED, "passed", True)
    assert "10 clusters" in build.build(MANIFEST).estimates["base"][0].method


@pytest.mark.parametrize(
    "scores", [{"base": 0.5, "plus": 0.0}, {"base": 1.0}, {"base": float("nan")}]
)
def test_a_score_is_zero_or_one(scores):
    with pytest.raises(ValueError, match="neither 0 nor 1"):
        builder().add("A/0", scores, "passed", True)


def test_an_unknown_problem_is_refused():
    with pytest.raises(ValueError, match="unknown task_id 'B/0'"):
        builder().add("B/0", PASSED, "passed", True)


def test_nothing_judged_is_no_report():
    build = builder(("A/0",))
    build.add("A/0", {}, "infrastructure_error", False)
    with pytest.raises(ValueError, match="no sample was judged"):
        build.build(MANIFEST)


def test_survives_json(tmp_path):
    report = write_run(tmp_path, realistic(30, 4), ks=(1, 2, 9))
    assert Report.from_dict(json.loads(json.dumps(report.as_dict()))) == report


def test_warnings_of_the_run_come_first():
    report = two_problems().build({**MANIFEST, "warnings": ["the clock jumped"]})
    assert report.warnings == ("the clock jumped",)


class TestTextTable:
    def test_is_aligned_plain_and_complete(self):
        lines = text_table(two_problems(ks=(1, 10)).build(MANIFEST), 60).splitlines()
        assert lines[0] == "humaneval-plus 0.1.10"
        assert lines[1] == "2 problems, 4 judged samples (2 for each problem)"
        head = next(line for line in lines if "metric" in line)
        base = next(line for line in lines if line.startswith("base"))
        assert head.index("value %") + 7 == base.index("50.0") + 4
        text = "\n".join(lines)
        for words in ("wrong_answer", "Sealed: 3 of 4", "75.0 %", "Not reported: pass@10 needs"):
            assert words in text

    def test_sentences_keep_to_the_width(self):
        report = two_problems(ks=(10,)).build({**MANIFEST, "warnings": ["long " * 50]})
        sentences = text_table(report, 50).split("Sealed")[1]
        assert max(map(len, sentences.splitlines())) <= 50

    def test_sends_nothing_to_the_terminal_but_text(self):
        hostile = {**MANIFEST, "task": "\x1b]0;owned\x07\u202e", "warnings": ["\x1b[2J\r\x9b"]}
        text = text_table(two_problems().build(hostile))
        assert all(character == "\n" or character.isprintable() for character in text)


@pytest.mark.parametrize(
    ("value", "shown"),
    [(0, "0.0"), (1, "100.0"), (1e-6, "<0.1"), (1 - 1e-6, ">99.9"), (0.7811, "78.1")],
)
def test_percent_never_rounds_to_certainty(value, shown):
    assert percent(value) == shown
