from __future__ import annotations

import json

import pytest

from codeeval.breakdowns import ProblemRow
from codeeval.report import Report, ReportBuilder
from codeeval.report_html import write_report_html
from codeeval.report_text import text_table
from codeeval.valued import value_estimates

METRICS = {"efficiency": ("eff@k", "mean if passed"), "censored": ("mean if passed",)}


def rows(*scores: tuple[float, ...]) -> list[ProblemRow]:
    return [
        ProblemRow(
            f"p/{number}",
            len(values),
            {"pass": sum(value > 0 for value in values)},
            {"passed": len(values)},
            values={"efficiency": values, "censored": [0.0] * len(values)},
        )
        for number, values in enumerate(scores)
    ]


def test_eff_at_k_is_the_best_of_k():
    found = value_estimates(rows((0, 0.2, 0.5, 0.9)), 0, METRICS, [1, 2, 4])["efficiency"]
    assert [(item.metric, item.value) for item in found[:3]] == [
        ("eff@1", pytest.approx(0.4)),
        ("eff@2", pytest.approx(0.65)),
        ("eff@4", pytest.approx(0.9)),
    ]


def test_the_mean_if_passed_is_what_the_score_is_of_the_share_that_passes():
    known = rows((0.5, 0.0), (1.0, 1.0), (0.0, 0.0))
    eff, given = value_estimates(known, 0, METRICS, [1])["efficiency"]
    passed = (0.5 + 1 + 0) / 3
    assert eff.value == pytest.approx((0.25 + 1 + 0) / 3)
    assert given.value == pytest.approx(eff.value / passed)
    assert given.samples == 3
    assert given.tasks == 2
    assert "no interval" in given.note


def test_an_interval_comes_with_enough_problems():
    known = rows(*[(0.5 + number / 100,) for number in range(30)])
    _, given = value_estimates(known, 0, METRICS, [1])["efficiency"]
    assert given.value == pytest.approx(0.645)
    assert given.low < given.value < given.high
    assert given.method == "t, ratio of means"


def test_problems_without_samples_that_count_as_failed_are_worth_nothing():
    eff, given = value_estimates(rows((1.0,), (0.5,)), 2, METRICS, [1])["efficiency"]
    assert eff.value == pytest.approx(1.5 / 4)
    assert given.value == pytest.approx(0.75)


def test_nothing_passed_means_no_mean_of_what_did():
    found = value_estimates(rows((0.0,), (0.0,)), 0, METRICS, [1])
    assert [item.metric for item in found["efficiency"]] == ["eff@1"]
    assert found["censored"] == ()


@pytest.fixture
def report() -> Report:
    builder = ReportBuilder(["pass"], ["a", "b"], [1], values=METRICS)
    for task_id, e in (("a", 1.3), ("b", 0.4)):
        scores = {"pass": 1.0, "efficiency": e, "censored": 0.0}
        builder.add(task_id, scores, "passed", sealed=True)
    return builder.build({})


def test_a_report_holds_the_values_and_survives_json(report):
    again = Report.from_dict(json.loads(json.dumps(report.as_dict())))
    assert again.values == report.values
    assert report.values["efficiency"][0].value == pytest.approx(0.85)
    assert report.problems[0].values["efficiency"] == [1.3]
    assert "eff@1" in text_table(report)


def test_the_page_shows_them(report, tmp_path):
    for name in ("samples.jsonl.gz", "results.jsonl"):
        (tmp_path / name).write_bytes(b"")
    write_report_html(tmp_path / "report.html", report, tmp_path)
    page = (tmp_path / "report.html").read_text()
    assert "eff@1" in page
    assert "mean if passed" in page


@pytest.mark.parametrize("score", [None, float("nan"), float("inf")])
def test_a_score_that_is_no_number_is_refused(score):
    builder = ReportBuilder(["pass"], ["a"], [1], values={"efficiency": ("eff@k",)})
    scores = {"pass": 1.0} if score is None else {"pass": 1.0, "efficiency": score}
    with pytest.raises(ValueError, match="no finite number"):
        builder.add("a", scores, "passed", sealed=True)


def test_broken_samples_that_count_as_failed_are_worth_nothing():
    builder = ReportBuilder(["pass"], ["a"], [1], count_broken=True, values=METRICS)
    builder.add("a", {"pass": 1.0, "efficiency": 1.0, "censored": 0.0}, "passed", sealed=True)
    builder.add("a", {}, "infrastructure_error", sealed=False)
    report = builder.build({})
    assert report.values["efficiency"][0].value == pytest.approx(0.5)


def test_speedup_is_the_ratio_of_the_sums_over_problems():
    known = [
        ProblemRow(
            f"p/{number}",
            1,
            {"pass": 1},
            {"passed": 1},
            values={"cost_seconds": [cost], "reference_seconds": [reference]},
        )
        for number, (cost, reference) in enumerate([(590.0, 600.0), (600.0, 600.0), (0.0, 0.0)])
    ]
    metrics = {"cost_seconds": ("speedup",), "reference_seconds": ()}
    found = value_estimates(known, 0, metrics, [1])
    (speedup,) = found["cost_seconds"]
    assert speedup.value == pytest.approx(1200 / 1190)
    assert (speedup.tasks, speedup.samples) == (2, 2)
    assert set(found) == {"cost_seconds"}


def test_there_is_no_speedup_if_nothing_finished():
    known = [
        ProblemRow(
            "p", 1, {"pass": 0}, {}, values={"cost_seconds": [0.0], "reference_seconds": [0.0]}
        )
    ]
    assert value_estimates(known, 0, {"cost_seconds": ("speedup",)}, [1]) == {"cost_seconds": ()}
