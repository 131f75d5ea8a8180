from __future__ import annotations

from pathlib import Path

import pytest

from codeeval.report_costs import exponent
from codeeval.sandbox.program import Limits
from codeeval.sandbox.verdict import Status
from codeeval.tasks.registry import load_task
from codeeval.tasks.starter_efficiency import StarterEfficiency
from codeeval.tasks.task import Sample, TaskOptionError
from codeeval.truth import Truths
from tests.sandbox.conftest import open_or_skip

LIMITS = Limits(cpu_seconds=300, wall_seconds=600)


@pytest.fixture(scope="module")
def task() -> StarterEfficiency:
    return load_task("starter-efficiency")


def test_each_problem_has_a_slow_solution_and_growing_sizes(task):
    problems = list(task.problems())
    assert len(problems) == 31
    for problem in problems:
        assert problem.record["naive"]
        levels = task.program(problem, Sample(problem.id, 0, completion="")).checks[0].levels
        sizes = [level.size for level in levels]
        assert sizes[1:] == sorted(set(sizes[1:]))
        assert [level.weight for level in levels] == [0, 3, 3, 4]


def test_floats_are_compared_within_the_problems_tolerance(task):
    (problem,) = [each for each in task.problems() if each.id == "Starter/40"]
    (check,) = task.program(problem, Sample(problem.id, 0, completion="")).checks
    namespace: dict = {}
    exec(check.checker, namespace)
    same = namespace["__check"]
    assert same((), [1.0, 2.5], [1.0 + 1e-10, 2.5])
    assert not same((), [1.0, 2.5], [1.0001, 2.5])
    assert not same((), [1.0], [1])
    assert not same((), [1.0], [1.0, 1.0])


def test_an_unknown_clock_is_refused():
    with pytest.raises(
        TaskOptionError,
        match="clock must be one of cpu, wall, instructions-sim, instructions-hw, not 'sundial'",
    ):
        StarterEfficiency(clock="sundial")


@pytest.mark.slow
def test_references_score_one_and_worse_algorithms_less_and_grow_faster(task):
    worse = 0
    with open_or_skip("bubblewrap", limits=LIMITS) as executor:
        truths = Truths(executor, None, 1)
        scores, growth = {}, {}
        for problem in task.problems():
            for name, source in (("fast", problem.reference), ("slow", problem.record["naive"])):
                program = truths.resolve(
                    task.program(problem, Sample(problem.id, 0, solution=source))
                )
                verdict = executor.run(program)
                assert verdict.status is Status.PASSED, (problem.id, name, verdict.message)
                scores[name] = task.score(problem, verdict)["efficiency"]
                costs = verdict.results[0].costs
                sizes = [(cost.size, cost.seconds) for cost in costs if not cost.censored]
                growth[name] = exponent(sizes)
            assert scores["fast"] == pytest.approx(1, abs=0.2), problem.id
            assert scores["slow"] < scores["fast"] - 0.2, (problem.id, scores)
            if growth["slow"] is not None and growth["fast"] is not None:
                worse += growth["slow"] > growth["fast"] + 0.3
        truths.close()
    assert Path(task.path).name == "problems.jsonl"
    assert worse >= 3, "of those whose slow solution finishes two levels"
