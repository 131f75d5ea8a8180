from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from codeeval.report import ReportBuilder
from codeeval.report_costs import costs_figure, exponent, seconds, values_figure
from codeeval.sandbox.verdict import CheckResult, Cost, Status, Verdict


def cost(level: int, size: float, took: float, reference: float, *, censored=False) -> Cost:
    return Cost(level, size, 0, took, took * 0.9, took * 1.1, reference, 1.0, 4, censored)


def figure(*costs: Cost) -> str:
    return costs_figure(Verdict(Status.PASSED, (CheckResult("t", Status.PASSED, costs=costs),)))


@given(st.floats(-2, 4), st.floats(1e-6, 1e3))
def test_the_exponent_of_a_power_is_found(power, factor):
    points = [(size, factor * size**power) for size in (10, 100, 1000, 5000)]
    assert exponent(points) == pytest.approx(power, abs=1e-6)


@pytest.mark.parametrize("points", [[], [(1, 1)], [(5, 1), (5, 2)], [(0, 1), (5, 2)]])
def test_one_size_says_nothing_of_growth(points):
    assert exponent(points) is None


def test_a_sample_is_drawn_beside_the_reference():
    page = figure(cost(1, 100, 1e-4, 5e-5), cost(2, 10_000, 1.0, 5e-3))
    assert "power of 2.00, the reference’s as size to the power of 1.00" in page
    assert page.count("<circle") == 4
    assert "100&nbsp;µs" in page
    assert "90&nbsp;µs – 110&nbsp;µs" in page


def test_a_level_that_was_not_finished_is_open_and_has_no_part_in_the_growth():
    page = figure(cost(1, 100, 1e-4, 5e-5), cost(2, 10_000, 0.02, 5e-3, censored=True))
    assert "over 20&nbsp;ms" in page
    assert "not finished" in page
    assert page.count(" open") == 1
    assert "The reference’s cost grows" in page


def test_instructions_are_shown_in_millions():
    counted = replace(cost(1, 100, 0.5, 0.0123), clock="instructions-sim")
    page = figure(counted, replace(cost(2, 200, 1.0, 0.03), clock="instructions-sim"))
    assert "Instructions" in page
    assert "500&nbsp;M" in page
    assert "12.3&nbsp;M" in page
    assert "ms" not in page


def test_levels_of_one_size_have_no_plot():
    page = figure(cost(1, 1, 1e-7, 1e-7), cost(2, 1, 2e-7, 1e-7))
    assert "<svg" not in page
    assert "nothing is known of growth" in page


def test_what_was_not_measured_has_no_figure():
    assert figure() == ""


@pytest.mark.parametrize(
    ("value", "shown"),
    [(2.5, "2.5&nbsp;s"), (0.02, "20&nbsp;ms"), (4.33e-6, "4.33&nbsp;µs"), (3e-8, "30&nbsp;ns")],
)
def test_times_have_their_unit(value, shown):
    assert seconds(value) == shown


def test_the_distribution_counts_every_sample():
    builder = ReportBuilder(["pass"], ["a", "b", "c", "d"], [1], values={"efficiency": ("eff@k",)})
    for task_id, e in (("a", 0.0), ("b", 1.04), ("c", 1.05), ("d", 7.0)):
        builder.add(task_id, {"pass": 1.0, "efficiency": e}, "passed", sealed=True)
    page = values_figure(builder.build({}))
    assert "1 of 4 samples are worth 0" in page
    assert "<title>1.0 to 1.1: 2</title>" in page
    assert "<title>2 and more: 1</title>" in page
    plain = ReportBuilder(["pass"], ["a"], [1])
    plain.add("a", {"pass": 1.0}, "passed", sealed=True)
    assert values_figure(plain.build({})) == ""
