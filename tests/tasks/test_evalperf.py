from __future__ import annotations

import json

import pytest

from codeeval.breakdowns import ProblemRow
from codeeval.sandbox.codec import loads, unpack
from codeeval.sandbox.program import Limits
from codeeval.sandbox.verdict import CheckResult, Cost, Status, Verdict
from codeeval.tasks.evalperf import EvalPerf, matched
from codeeval.tasks.registry import load_task
from codeeval.tasks.task import DataError, Sample, TaskOptionError
from codeeval.truth import Truths
from codeeval.valued import value_estimates
from tests.sandbox.conftest import open_or_skip

LIMITS = Limits(cpu_seconds=60, wall_seconds=120)
WALK = "def steps(n):\n    total = 0\n    for i in range({0}):\n        total += i\n"
RIGHT = "    return n * (n - 1) // 2\n"
SLOW, MIDDLE, FAST = (WALK.format(f"{share} * n") + RIGHT for share in (30, 10, 1))
TESTED = {
    "prompt": "def steps(n):\n",
    "entry_point": "steps",
    "canonical_solution": "    return sum(range(n))\n",
    "base_input": [[1], [5]],
    "plus_input": [[0], [7]],
    "atol": 0,
    "contract": "",
}
RECORD = {
    "reference": [SLOW, MIDDLE, FAST],
    "scores": [30.0, 50.0, 100.0],
    "pe_input": [20_000],
}


@pytest.fixture
def make(tmp_path):
    """Return a function that makes the task from records."""

    def task(*records: dict, **options) -> EvalPerf:
        files = {"HumanEval": "humaneval_file", "Mbpp": "mbpp_file"}
        for name, option in files.items():
            path = tmp_path / f"{name}.jsonl"
            path.write_text(json.dumps({"task_id": f"{name}/2", **TESTED}) + "\n")
            options[option] = path
        path = tmp_path / "evalperf.jsonl"
        path.write_text("".join(json.dumps(record) + "\n" for record in records))
        return load_task("evalperf", data_file=path, **options)

    return task


def test_a_program_has_the_tests_and_one_timed_call(make):
    task = make({"task_id": "HumanEval/2", **RECORD}, {"task_id": "Mbpp/2", **RECORD})
    first, second = task.problems()
    assert (first.id, second.id) == ("HumanEval/2", "Mbpp/2")
    assert first.reference == FAST
    program = task.program(first, Sample(first.id, 0, completion="    return 1\n"))
    assert program.source == "def steps(n):\n    return 1\n"
    assert [check.name for check in program.checks] == ["base", "plus", "performance"]
    costs = program.checks[-1]
    assert (costs.reference, costs.rivals, costs.score) == (SLOW, (MIDDLE, FAST), "ratio")
    assert [loads(each) for each in unpack(costs.inputs.data)] == [(20_000,)]
    assert len(task.digest) == 64


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"task_id": "HumanEval/9"}, r"line 1: no tests for 'HumanEval/9' in humaneval-plus"),
        ({"task_id": "Other/2"}, r"no tests for 'Other/2'"),
        ({"reference": []}, "'reference' must be a list of solutions from the slowest"),
        ({"scores": [50.0, 30.0, 100.0]}, r"'scores' must be 3 rising numbers, not \[50.0"),
        ({"scores": [100.0]}, "'scores' must be 3 rising numbers"),
        ({"pe_input": None}, "pe_input"),
    ],
)
def test_records_of_another_form_are_refused(make, changed, message):
    with pytest.raises(DataError, match=message):
        list(make({"task_id": "HumanEval/2", **RECORD, **changed}).problems())


def test_an_unknown_clock_is_refused(make):
    with pytest.raises(
        TaskOptionError,
        match="clock must be one of cpu, wall, instructions-sim, instructions-hw, not 'sundial'",
    ):
        make({"task_id": "HumanEval/2", **RECORD}, clock="sundial")


@pytest.mark.parametrize(
    ("seconds", "place"),
    [(80, 2), (100, 2), (101, 1), (400, 1), (650, 0), (900, 0), (901, -1)],
)
def test_a_cost_matches_the_fastest_solution_that_is_no_faster(seconds, place):
    cost = Cost(0, 0, 0, seconds, seconds, seconds, 900, 1350, 2, rival_seconds=(400, 100))
    assert matched(cost) == place


def test_solutions_that_fail_or_stand_in_another_order_here_are_no_obstacle():
    cost = Cost(0, 0, 0, 300, 300, 300, 900, 1350, 2, rival_seconds=(None, 350, 400))
    assert matched(cost) == 3
    assert matched(Cost(0, 0, 0, 500, 500, 500, 900, 1350, 2, rival_seconds=(None, 400))) == 0


def verdict(seconds: float, **status: Status) -> Verdict:
    cost = Cost(0, 0, 0, seconds, seconds, seconds, 900, 1350, 2, rival_seconds=(400, 100))
    known = {"base": Status.PASSED, "plus": Status.PASSED, "performance": Status.PASSED, **status}
    results = tuple(
        CheckResult(name, each, costs=(cost,) * (name == "performance"))
        for name, each in known.items()
    )
    worst = next((each for each in known.values() if each is not Status.PASSED), Status.PASSED)
    return Verdict(worst, results)


def test_scores_are_those_of_the_worked_example(make):
    task = make({"task_id": "HumanEval/2", **RECORD})
    (problem,) = task.problems()
    found = [task.score(problem, verdict(seconds)) for seconds in (80, 101, 650, 901)]
    assert [each["dps"] for each in found] == [1.0, 0.5, 0.3, 0.0]
    assert [each["dps_norm"] for each in found] == pytest.approx([1, 2 / 3, 1 / 3, 0])
    assert all(each["pass"] == each["profiled"] == 1 for each in found)
    wrong = task.score(problem, verdict(80, plus=Status.WRONG_ANSWER))
    assert wrong == {"pass": 0, "dps": 0, "dps_norm": 0, "profiled": 0}


def row(number: int, dps: list[float], profiled: list[float]) -> ProblemRow:
    values = {"dps": dps, "profiled": profiled}
    return ProblemRow(f"p/{number}", len(dps), {"pass": int(sum(profiled))}, {}, values=values)


def test_dps_is_of_the_first_twenty_right_samples_where_ten_are_right():
    rows = [
        row(0, [0.5] * 20 + [1.0] * 5, [1.0] * 25),
        row(1, [0.0, *[1.0] * 10], [0.0, *[1.0] * 10]),
        row(2, [1.0] * 9 + [0.0] * 9, [1.0] * 9 + [0.0] * 9),
    ]
    (found,) = value_estimates(rows, 0, {"dps": ("DPS",), "profiled": ()}, [1])["dps"]
    assert found.value == pytest.approx((0.5 + 1.0) / 2)
    assert (found.tasks, found.samples) == (2, 30)
    assert value_estimates(rows[2:], 0, {"dps": ("DPS",)}, [1]) == {"dps": ()}


def test_samples_are_timed_among_the_known_solutions(make):
    task = make({"task_id": "HumanEval/2", **RECORD})
    (problem,) = task.problems()
    with open_or_skip("unsafe-local", limits=LIMITS) as executor:
        truths = Truths(executor, None, 1)

        def scored(source: str) -> dict[str, float]:
            program = task.program(problem, Sample(problem.id, 0, solution=source))
            judged = executor.run(truths.resolve(program))
            assert judged.status in (Status.PASSED, Status.WRONG_ANSWER), judged.message
            return dict(task.score(problem, judged))

        assert scored("def steps(n):\n" + RIGHT)["dps"] == 1
        between = scored(WALK.format("3 * n") + RIGHT)
        assert (between["dps"], between["dps_norm"]) == (0.5, pytest.approx(2 / 3))
        assert scored(WALK.format("100 * n") + RIGHT)["dps"] == 0
        assert scored("def steps(n):\n    return 0\n")["pass"] == 0
        truths.close()
