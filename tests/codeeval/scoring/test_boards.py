from __future__ import annotations

import json

import numpy as np
import pytest

from codeeval.scoring.boards import (
    discriminations,
    pairwise_p_values,
    places,
    rank_ranges,
    rank_sets,
    solved_by,
    win_rates,
)
from tests.data import data_path


@pytest.fixture(scope="module")
def evalperf():
    """34 runs on 118 tasks: the names, and a table for each column."""
    record = json.loads(data_path("leaderboard", "evalperf_pertask.json").read_text())
    tasks = list(next(iter(record.values()))["eval"])
    tables = {
        column: np.array(
            [
                [
                    np.nan if (value := run["eval"][task][column]) is None else value
                    for task in tasks
                ]
                for run in record.values()
            ],
            dtype=float,
        )
        for column in ("dps", "pass@1")
    }
    return list(record), tables


class TestPublishedBoard:
    def test_all_numbers_of_all_runs(self, evalperf):
        names, tables = evalperf
        path = data_path("efficiency", "evalperf", "COMBINED-RESULTS.json")
        # The same runs under slightly other names.
        published = {
            name.replace("⏩", "perf-instruct"): numbers
            for name, numbers in json.loads(path.read_text()).items()
        }
        assert set(published) - set(names) == {"heatmap_data"}
        assert tables["dps"].shape == (34, 118)
        rates, task_rates = win_rates(tables["dps"])
        for i, name in enumerate(names):
            expected = published[name]
            assert rates[i] == pytest.approx(expected["model_win_rate"], abs=1e-12)
            assert task_rates[i] == pytest.approx(expected["task_win_rate"], abs=1e-12)
            assert np.nanmean(tables["dps"][i]) == pytest.approx(expected["dps"], abs=1e-9)
            assert tables["pass@1"][i].mean() == pytest.approx(expected["pass@1"], abs=1e-9)
        best = names[int(np.argmax(rates))]
        assert "gpt-4o-2024-08-06" in best
        assert round(task_rates[int(np.argmax(rates))], 4) == 0.6109

    def test_rank_ranges(self, evalperf):
        names, tables = evalperf
        table = tables["pass@1"] / 100
        means = table.mean(axis=1)
        order = np.argsort(-means)
        assert names[order[0]].startswith("o1-mini")
        assert round(100 * means[order[0]], 2) == 88.83
        ranges = rank_ranges(table)
        assert [ranges[i] for i in order[:3]] == [(1, 17), (1, 15), (1, 15)]
        assert ranges[order[-1]] == (34, 34)
        p = pairwise_p_values(table)[order[0], order]
        assert int(np.argmax(p < 0.05)) + 1 == 13
        low, high = 1.959964 * table[order[0]].std(ddof=1) / np.sqrt(118), 4.72
        assert 100 * low == pytest.approx(high, abs=0.01)


class TestRankSets:
    def test_better_models_are_told_apart(self):
        rng = np.random.default_rng(0)
        ease = rng.normal(size=164)
        table = (ease + np.array([[0.9], [0.88], [0.4], [-0.3], [-1.2]]) > rng.normal(
            0, 0.4, size=(5, 164))).astype(float)  # fmt: skip
        sets, critical = rank_sets(table)
        assert 2.3 < critical < 3.1
        assert sets[4] == (5, 5)
        assert sets[0][0] == 1
        for low, high in sets:
            assert low <= high
        assert rank_sets(table) == (sets, critical)

    def test_they_hold_jointly(self):
        """Four models, two of them equal: in 95 % of boards all true places are within."""
        rng = np.random.default_rng(1)
        chances = np.array([0.6, 0.5, 0.5, 0.3])
        allowed = [{1}, {2, 3}, {2, 3}, {4}]
        held = []
        for seed in range(200):
            ease = rng.normal(0, 0.15, size=120)
            table = (rng.random((4, 120)) < chances[:, None] + ease).astype(float)
            sets, _ = rank_sets(table, resamples=400, seed=seed)
            held.append(
                all(low <= min(places) and max(places) <= high
                    for (low, high), places in zip(sets, allowed, strict=True))
            )  # fmt: skip
        assert np.mean(held) >= 0.92

    def test_equal_models_share_all_places(self):
        assert rank_sets(np.ones((3, 10)))[0] == [(1, 3)] * 3
        apart = np.vstack([np.ones(10), np.zeros(10)])
        assert rank_sets(apart)[0] == [(1, 1), (2, 2)]


def test_equal_scores_share_a_place():
    assert places([0.5, 0.7, 0.7, 0.1]).tolist() == [3, 1, 1, 4]
    assert places([0.3, 0.3 + 1e-12]).tolist() == [1, 1]


def test_passes_and_failures_are_tested_exactly():
    table = np.array([[1.0] * 8 + [1, 0], [0.0] * 8 + [1, 0]])
    assert pairwise_p_values(table)[0, 1] == pytest.approx(0.0078125)
    assert pairwise_p_values([[1, 2, 3.5], [0, 1, 2.5]])[0, 1] == 0.0
    assert pairwise_p_values([[0.5, 0.7], [0.5, 0.7]])[0, 1] == 1.0


def test_win_rates_count_ties_half_and_leave_out_what_is_not_shared():
    table = np.array([[2.0, np.nan, 1.0], [1.0, 5.0, 1.0], [np.nan, np.nan, np.nan]])
    rates, task_rates = win_rates(table)
    assert rates[:2].tolist() == [1.0, 0.0]
    assert task_rates[:2].tolist() == [0.75, 0.25]
    assert np.isnan(rates[2])
    with pytest.raises(ValueError, match="models by problems"):
        win_rates([1.0])


def test_discrimination_is_a_correlation_with_the_rest():
    rng = np.random.default_rng(4)
    table = (rng.random((12, 6)) < 0.5).astype(float)
    table[:, 5] = 1.0
    found = discriminations(table)
    for column in range(5):
        rest = np.delete(table, column, axis=1).mean(axis=1)
        assert found[column] == pytest.approx(np.corrcoef(table[:, column], rest)[0, 1])
    assert np.isnan(found[5])


def test_a_table_is_finite():
    with pytest.raises(ValueError, match="models by 2 problems"):
        rank_ranges([[1.0, float("nan")], [0.0, 1.0]])


class TestRounding:
    def test_models_that_are_equal_but_for_rounding_share_their_places(self):
        x = np.random.default_rng(0).random(100)
        table = np.array([x, x * (1 + 3e-16), x * 0.3])
        assert rank_ranges(table) == [(1, 2), (1, 2), (3, 3)]
        sets, critical = rank_sets(table)
        assert sets == [(1, 2), (1, 2), (3, 3)]
        assert critical < 3

    def test_a_constant_difference_does_not_blur_the_others(self):
        x = np.random.default_rng(1).random(100)
        table = np.array([x, x + 0.1, np.clip(x - 0.4, 0, 1)])
        sets, critical = rank_sets(table)
        assert sets == [(2, 2), (1, 1), (3, 3)]
        assert critical < 3

    def test_another_model_does_not_change_the_test_of_a_pair(self):
        a, b = np.array([1.0] * 6 + [0] * 4), np.zeros(10)
        alone = pairwise_p_values([a, b])[0, 1]
        beside = pairwise_p_values([a, b, np.linspace(0, 1, 10)])[0, 1]
        assert alone == beside == pytest.approx(0.03125)
        assert pairwise_p_values([a, b], mid_p=True)[0, 1] == pytest.approx(0.015625)


def test_rank_sets_over_clusters_are_wider():
    rng = np.random.default_rng(2)
    common = rng.normal(size=(2, 10)).repeat(12, axis=1)  # what problems of a source share
    table = np.array([[0.52], [0.48]]) + 0.1 * common + 0.01 * rng.normal(size=(2, 120))
    plain, _ = rank_sets(table)
    clustered, _ = rank_sets(table, clusters=[i // 12 for i in range(120)])
    assert plain != [(1, 2), (1, 2)]
    assert clustered == [(1, 2), (1, 2)]


def test_problems_that_all_or_none_solve():
    assert solved_by([[1, 0, 1, 0.5], [1, 0, 0, 0.5]]) == ([0], [1])


@pytest.mark.parametrize("call", [lambda: places([1.0, float("nan")]), lambda: discriminations(
    [[1.0, 0.0], [0.0, 1.0]])])  # fmt: skip
def test_what_cannot_be_told(call):
    with pytest.raises(ValueError, match=r"finite numbers|at least 3"):
        call()
