from __future__ import annotations

import json
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from codeeval.scoring.boards import win_rates
from codeeval.scoring.efficiency import dps
from codeeval.scoring.evalperf import (
    ProblemScore,
    dps_table,
    evalperf_summary,
    heat_map,
    objections,
    problem_score,
    profiled_samples,
    references,
)
from tests.data import data_path

NAN, INF = float("nan"), float("inf")
POOLS = st.lists(st.integers(10_000, 5_000_000), min_size=1, max_size=40)
CELLS = st.one_of(st.just(NAN), st.integers(0, 100).map(float))


@pytest.fixture(scope="module")
def published():
    """34 models on 118 problems: what was published, and each model's problems made anew."""
    folder = data_path("efficiency", "evalperf")
    results = json.loads((folder / "COMBINED-RESULTS.json").read_text())
    record = json.loads((folder / "per_task_scores.json").read_text())
    heat = results.pop("heatmap_data")
    names = list(results)
    task_ids = list(record["n_references_inferred"])
    # A matched reference says what a sample cost: as much as it, or more than all.
    of_cluster = {
        (task_id, j): dps(
            range(size, 0, -1),
            [0.0 if score is None else score for score in record["scores_inferred"][task_id]],
            INF if j < 0 else size - j,
        )
        for task_id, size in record["n_references_inferred"].items()
        for j in range(-1, size)
    }

    def again(name, task_id):
        task = record["models"][name]["tasks"][task_id]
        samples = record["models"][name]["config"]["n_samples"]
        return problem_score(
            [of_cluster[task_id, j] for j in task["clusters"]],
            num_samples=samples,
            num_correct=round(task["pass@1"] * samples / 100),
        )

    def as_published(name, task_id):
        task = record["models"][name]["tasks"][task_id]
        return ProblemScore(
            pass_at_1=task["pass@1"] / 100, dps=task["dps"], dps_norm=task["dps_norm"]
        )

    return SimpleNamespace(
        results=results,
        heat=heat,
        record=record,
        names=names,
        task_ids=task_ids,
        problems=[[as_published(name, task_id) for task_id in task_ids] for name in names],
        again=[[again(name, task_id) for task_id in task_ids] for name in names],
    )


class TestPublishedResults:
    """Liu et al. 2024 and the project's own board: 34 models on 118 problems."""

    def test_every_summary(self, published):
        assert len(published.names) == 34
        for name, problems in zip(published.names, published.problems, strict=True):
            expected, found = published.results[name], evalperf_summary(problems)
            assert found.problems == 118
            assert found.dps == pytest.approx(expected["dps"], abs=1e-9)
            assert found.dps_norm == pytest.approx(expected["dps_norm"], abs=1e-9)
            assert 100 * found.pass_at_1 == pytest.approx(expected["pass@1"], abs=1e-9)

    def test_both_win_rates(self, published):
        rates, task_rates = win_rates(dps_table(published.problems))
        expected = [published.results[name] for name in published.names]
        assert rates == pytest.approx([each["model_win_rate"] for each in expected], abs=1e-9)
        assert task_rates == pytest.approx([each["task_win_rate"] for each in expected], abs=1e-9)

    def test_the_heat_map(self, published):
        expected = [[published.heat[a][b] for b in published.names] for a in published.names]
        assert np.abs(heat_map(dps_table(published.problems)) - expected).max() < 1e-9

    def test_each_problem_from_the_references_that_its_samples_matched(self, published):
        scores = published.record["scores_inferred"]
        scored = unknown = 0
        for i, name in enumerate(published.names):
            for j, task_id in enumerate(published.task_ids):
                mine, theirs = published.again[i][j], published.problems[i][j]
                assert mine.pass_at_1 == pytest.approx(theirs.pass_at_1, abs=1e-12)
                assert (mine.dps is None) == (theirs.dps is None)
                if theirs.dps is None:
                    continue
                scored += 1
                assert mine.dps_norm == pytest.approx(theirs.dps_norm, abs=1e-9)
                matched = set(published.record["models"][name]["tasks"][task_id]["clusters"])
                if None in [scores[task_id][cluster] for cluster in matched if cluster >= 0]:
                    unknown += 1  # the published data do not say what this reference scores
                else:
                    assert mine.dps == pytest.approx(theirs.dps, abs=1e-9)
        assert (scored, unknown) == (3680, 6)

    @pytest.mark.parametrize(
        ("end", "expected", "scored"),
        [
            ("gpt-4o-2024-08-06", (87.8466, 82.2331, 86.6525, 1.0, 0.6109), 111),
            ("Meta-Llama-3-8B-Instruct", (77.0408, 75.1571, 43.6949, 0.0, 0.3943), 87),
        ],
    )
    def test_two_models_in_full(self, published, end, expected, scored):
        (index,) = [i for i, name in enumerate(published.names) if name.endswith(end)]
        found = evalperf_summary(published.problems[index])
        rates, task_rates = win_rates(dps_table(published.problems))
        numbers = (
            *(found.dps, found.dps_norm, 100 * found.pass_at_1),
            *(rates[index], task_rates[index]),
        )
        assert numbers == pytest.approx(expected, abs=5e-5)
        assert found.scored == scored

    def test_problems_have_4_to_17_references(self, published):
        sizes = published.record["n_references_inferred"].values()
        assert (min(sizes), max(sizes)) == (4, 17)


class TestProblem:
    def test_the_worked_example(self):
        costs, scores = [900.0, 400.0, 100.0], [30.0, 50.0, 100.0]
        found = {cost: dps(costs, scores, cost) for cost in (80, 100, 101, 400, 650, 900, 901)}
        assert [score for score, _ in found.values()] == [100, 100, 50, 50, 30, 30, 0]
        four = [found[cost] for cost in (80, 101, 650, 901)]
        assert [norm for _, norm in four] == pytest.approx([100, 200 / 3, 100 / 3, 0])
        problem = problem_score(four, num_samples=5, num_correct=4, min_correct=4)
        assert problem.pass_at_1 == pytest.approx(0.8)
        assert problem.dps == pytest.approx(45)
        assert problem.dps_norm == pytest.approx(50)

    def test_the_first_20_correct_samples_are_profiled(self):
        assert profiled_samples([False, True] * 30) == list(range(1, 40, 2))
        assert profiled_samples([True] * 10 + [False]) == list(range(10))
        scores = [(50.0, 40.0)] * 20 + [(100.0, 100.0)] * 5
        problem = problem_score(scores, num_samples=100, num_correct=25)
        assert (problem.dps, problem.dps_norm) == (50.0, 40.0)
        assert problem == problem_score(scores[:20], num_samples=100, num_correct=25)

    def test_fewer_than_10_correct_samples_have_no_score(self):
        assert profiled_samples([True] * 9 + [False] * 91) is None
        problem = problem_score([], num_samples=100, num_correct=9)
        assert problem == ProblemScore(pass_at_1=0.09, dps=None, dps_norm=None)

    @pytest.mark.parametrize(
        ("scores", "n", "c", "said"),
        [
            ([], 10, 11, "11 correct out of 10"),
            ([], 0, 0, "0 correct out of 0"),
            ([(1.0, 1.0)] * 11, 100, 10, "11 scores of 10"),
            ([(1.0, 1.0)] * 11, 100, 12, "11 scores; 12 correct"),
            ([(101.0, 1.0)] * 10, 100, 10, "from 0 to 100"),
            ([(NAN, 1.0)] * 10, 100, 10, "from 0 to 100"),
        ],
    )
    def test_what_cannot_be_is_refused(self, scores, n, c, said):
        with pytest.raises(ValueError, match=said):
            problem_score(scores, num_samples=n, num_correct=c)

    def test_a_bound_is_from_1_on(self):
        with pytest.raises(ValueError, match="min_correct"):
            profiled_samples([True], min_correct=0)
        with pytest.raises(ValueError, match="max_profile"):
            problem_score([], num_samples=1, num_correct=1, max_profile=0)


class TestModels:
    def test_a_problem_without_a_score_counts_for_pass_at_1_only(self):
        found = evalperf_summary(
            [
                ProblemScore(pass_at_1=0.8, dps=90.0, dps_norm=70.0),
                ProblemScore(pass_at_1=0.5, dps=60.0, dps_norm=50.0),
                ProblemScore(pass_at_1=0.05, dps=None, dps_norm=None),
            ]
        )
        assert (found.dps, found.dps_norm) == (75.0, 60.0)
        assert found.pass_at_1 == pytest.approx(0.45)
        assert (found.scored, found.problems) == (2, 3)

    def test_a_model_that_solves_nothing_has_no_dps(self):
        found = evalperf_summary([ProblemScore(pass_at_1=0.0, dps=None, dps_norm=None)])
        assert (found.dps, found.dps_norm, found.pass_at_1) == (None, None, 0.0)
        with pytest.raises(ValueError, match="at least 1 problem"):
            evalperf_summary([])

    def test_models_have_the_same_problems(self):
        one = ProblemScore(pass_at_1=1.0, dps=10.0, dps_norm=10.0)
        assert dps_table([[one], [one]]).tolist() == [[10.0], [10.0]]
        with pytest.raises(ValueError, match=r"models have \[1, 2\] problems"):
            dps_table([[one], [one, one]])
        with pytest.raises(ValueError, match="expected one number"):
            dps_table([])

    def test_the_heat_map_looks_at_shared_problems(self):
        found = heat_map([[80.0, 60.0, NAN], [50.0, NAN, 90.0], [NAN, NAN, NAN]])
        assert found[0, 1].tolist() == [80.0, 50.0]
        assert found[0, 0].tolist() == [70.0, 70.0]
        assert np.isnan(found[0, 2]).all()
        with pytest.raises(ValueError, match="finite"):
            heat_map([[INF]])

    @given(st.lists(st.lists(CELLS, min_size=5, max_size=5), min_size=2, max_size=2))
    def test_the_win_rates_of_two_models_sum_to_1(self, table):
        both = ~np.isnan(np.array(table)).any(axis=0)
        for rates in win_rates(table):
            assert np.isnan(rates).all() or rates.sum() == pytest.approx(1)
            assert np.isnan(rates).all() == (not both.any())

    @given(st.lists(st.lists(CELLS, min_size=4, max_size=4), min_size=1, max_size=5))
    def test_the_heat_map_is_what_single_pairs_give(self, table):
        found = heat_map(table)
        for a, mine in enumerate(table):
            for b, other in enumerate(table):
                shared = [
                    pair
                    for pair in zip(mine, other, strict=True)
                    if pair[0] == pair[0] and pair[1] == pair[1]
                ]
                expected = np.mean(shared, axis=0) if shared else [NAN, NAN]
                assert found[a, b] == pytest.approx(expected, nan_ok=True)


class TestReferences:
    def test_the_worked_example(self):
        found = references([600_000, 990_000, 100_000, 1_000_000, 590_000])
        assert found.sizes == (2, 2, 1)
        assert found.costs == (1_000_000, 600_000, 100_000)
        assert found.scores == (40, 80, 100)

    @pytest.mark.parametrize(
        ("slower", "threshold"),
        [(1_000_000, 0.2), (990_000, 0.2005), (600_000, 0.2291), (590_000, 0.2302)],
    )
    def test_the_gap_that_parts_two_solutions(self, slower, threshold):
        near, far = slower * (1 - threshold + 1e-4), slower * (1 - threshold - 1e-4)
        assert references([slower, near]).sizes == (2,)
        assert references([slower, far]).sizes == (1, 1)

    @given(POOLS)
    def test_every_known_solution_scores_as_its_group(self, pool):
        found = references(pool)
        assert sum(found.sizes) == len(pool)
        assert found.scores[-1] == 100
        assert sorted(found.costs, reverse=True) == list(found.costs)
        assert found == references(pool[::-1])
        groups = np.repeat(np.arange(len(found.sizes)), found.sizes)
        for cost, group in zip(sorted(pool, reverse=True), groups, strict=True):
            score, norm = dps(found.costs, found.scores, cost)
            assert score == found.scores[group]
            assert norm == pytest.approx(100 * (group + 1) / len(found.costs))

    @given(POOLS)
    def test_a_wider_gap_makes_no_more_groups(self, pool):
        assert len(references(pool, base=0.2).costs) <= len(references(pool).costs)

    @pytest.mark.parametrize("costs", [[], [0.0], [1.0, NAN], [INF], [[1.0]]])
    def test_costs_are_finite_and_above_0(self, costs):
        with pytest.raises(ValueError, match="finite and above 0"):
            references(costs)

    def test_the_gap_is_a_share(self):
        with pytest.raises(ValueError, match="relative gap"):
            references([1.0], base=1.0)


class TestFitProblems:
    FIT = tuple((cost,) * 3 for cost in (1e6, 1e6, 1e6, 5e5, 5e5, 5e5, 2e5, 2e5, 5e4, 5e4))

    def test_one_that_meets_all_rules(self):
        assert objections(self.FIT) == []

    @pytest.mark.parametrize(
        ("counts", "said"),
        [
            (FIT[1:], "9 solutions; at least 10"),
            ((*FIT, (9_999.0,)), "takes 9999 instructions"),
            ((*FIT[:-1], (4e4, 5e4, 6e4)), "counts vary by"),
            ((*FIT[:6], *[(2e5,)] * 4), "3 groups of solutions"),
        ],
    )
    def test_one_that_breaks_one(self, counts, said):
        (objection,) = objections(counts)
        assert said in objection

    def test_groups_are_those_of_the_wider_gap(self):
        """25 % apart at high cost: parted with the base 0.1, and not with 0.2."""
        costs = [1e8 * 0.78**step for step in range(10)]
        assert len(references(costs).costs) == 10
        assert objections([[cost] for cost in costs]) == []
        near = [1e8 * 0.82**step for step in range(10)]
        assert len(references(near).costs) == 10
        assert objections([[cost] for cost in near]) == [
            "1 groups of solutions; at least 4 are needed"
        ]

    def test_the_99th_percentile_forgives_one_of_many(self):
        steady = [row for row in self.FIT for _ in range(20)]
        assert objections([*steady, (4e4, 5e4, 6e4)]) == []

    def test_a_solution_has_runs(self):
        with pytest.raises(ValueError, match="solution 1"):
            objections([(1e6,), ()])
