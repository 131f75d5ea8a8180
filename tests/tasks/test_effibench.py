from __future__ import annotations

import json

import pytest

from codeeval.breakdowns import ProblemRow
from codeeval.sandbox.program import Limits
from codeeval.sandbox.verdict import CheckResult, Cost, Status, Verdict
from codeeval.scoring.memory import Footprint, capped_scores, mean_of_ratios, ratio_of_totals
from codeeval.tasks.registry import load_task
from codeeval.tasks.task import DataError, Sample, TaskOptionError
from codeeval.truth import Truths
from codeeval.valued import value_estimates
from tests.sandbox.conftest import open_or_skip

LIMITS = Limits(cpu_seconds=60, wall_seconds=120)
METHOD = "class Solution:\n    def twoSum(self, nums: List[int], target: int) -> List[int]:\n"
QUICK = METHOD + (
    "        seen = {}\n        for i, each in enumerate(nums):\n"
    "            if target - each in seen:\n                return [seen[target - each], i]\n"
    "            seen[each] = i\n        return []\n"
)
SLOW = METHOD + (
    "        for i in range(len(nums)):\n            for j in range(i):\n"
    "                if nums[i] + nums[j] == target:\n                    return [j, i]\n"
    "        return []\n"
)
FAT = QUICK.replace("seen = {}", "seen, self.fat = {}, [0] * 5_000_000")
NUMS = list(range(0, 900, 3))
TWO_SUM = {
    "problem_idx": 1,
    "markdown_description": "Find two numbers.",
    "small_test_cases": "assert solution.twoSum([2, 7], 9) == [0, 1]",
    "test_case": "\nsolution = Solution()\nassert solution.twoSum([2, 7, 11], 9) == [0, 1]\n"
    f"assert solution.twoSum({NUMS}, 1791) == [298, 299]\n",
    "canonical_solution": f"```python\n{QUICK}```",
    "difficulty": "Easy",
}
ADD = {
    "id": "7",
    "description_md": "Add up.",
    "difficulty": "Easy",
    "source": "codechef",
    "type": "io",
    "release_date": "2024-05-06T00:00:00",
    "starter_code": None,
    "solutions": {"python3": {"code": "input()\nprint(sum(map(int, input().split())))\n"}},
    "evaluator": "def evaluate(program_output, expected_output):\n"
    "    return program_output == expected_output\n",
    "generated_tests": json.dumps(
        [{"input": f"{n}\n{' '.join(['2'] * n)}\n", "output": f"{2 * n}\r\n"} for n in (1, 3000)]
    ),
    "test_runners": None,
}
TWICE = {
    **ADD,
    "id": 9,
    "type": "functional",
    "starter_code": {"python3": "class Solution:\n    def twice(self, n: int) -> int:\n"},
    "solutions": {
        "python3": {"code": "class Solution:\n    def twice(self, n):\n        return n + n\n"},
        "cpp": None,
    },
    "generated_tests": [{"input": str(n), "output": str(2 * n)} for n in (0, 7)],
    "test_runners": {
        "python3": "import sys\n# ==Code Submission==\nif __name__ == '__main__':\n"
        "    print(Solution().twice(int(sys.stdin.read())))\n"
    },
}


@pytest.fixture
def make(tmp_path):
    """Return a function that makes one of the tasks from records."""

    def task(name: str, *records: dict, **options):
        path = tmp_path / "data.json"
        path.write_text(json.dumps(records))
        return load_task(name, data_file=path, **options)

    return task


@pytest.fixture
def judged(make):
    """Return a function that evaluates programs for the only problem of a file."""
    with open_or_skip("unsafe-local", limits=LIMITS) as executor:

        def run(name: str, record: dict, *sources: str, **options):
            task = make(name, record, **options)
            (problem,) = task.problems()
            truths = Truths(executor, None, 1)
            samples = [Sample(problem.id, n, solution=each) for n, each in enumerate(sources)]
            programs = [truths.resolve(task.program(problem, each)) for each in samples]
            truths.close()
            verdicts = [executor.run(each) for each in programs]
            return [dict(task.score(problem, each)) for each in verdicts], verdicts

        yield run


def test_a_problem_has_what_a_model_sees(make):
    task = make("effibench", TWO_SUM)
    (problem,) = task.problems()
    assert problem.id == "EffiBench/1"
    assert problem.prompt.splitlines()[0] == "Find two numbers."
    assert "[2, 7], 9" in problem.prompt
    assert (problem.reference, problem.entry_point) == (QUICK.strip(), "Solution.twoSum")
    assert problem.metadata == {"difficulty": "easy"}
    program = task.program(problem, Sample(problem.id, 0, solution=SLOW))
    assert "[298, 299]" not in program.source
    assert "1791" in program.source


@pytest.mark.parametrize(
    ("name", "record", "message"),
    [
        ("effibench", {**TWO_SUM, "test_case": "assert ("}, "'test_case' must be Python"),
        ("effibench", {**TWO_SUM, "test_case": "x = 1"}, "no test in 'test_case' calls"),
        ("effibench", {**TWO_SUM, "problem_idx": None}, "'problem_idx' must be a number"),
        ("effibench-x", {**ADD, "generated_tests": "[1]"}, "'generated_tests' must be a list"),
        ("effibench-x", {**ADD, "generated_tests": []}, "no tests in 'generated_tests'"),
        ("effibench-x", {**TWICE, "test_runners": None}, "the test runner of python3 has no line"),
        ("effibench-x", {**ADD, "solutions": {"cpp": {"code": "x"}}}, "no problems in it that"),
    ],
)
def test_records_of_another_form_are_refused(make, name, record, message):
    with pytest.raises(DataError, match=message):
        list(make(name, record).problems())


@pytest.mark.parametrize("name", ["effibench", "effibench-x"])
def test_memory_is_not_measured_where_instructions_are_counted(make, name):
    with pytest.raises(TaskOptionError, match="clock must be one of cpu, wall, not"):
        make(name, TWO_SUM, clock="instructions-sim")


def test_time_and_memory_are_those_of_the_calls(judged):
    scores, verdicts = judged(
        "effibench", TWO_SUM, QUICK, SLOW, FAT, QUICK.replace("[]", "[0]"), "x = 1"
    )
    assert [each["pass"] for each in scores] == [1, 1, 1, 1, 0]
    quick, slow, fat, *_, wrong = scores
    assert set(wrong.values()) == {0.0}
    assert quick["time_ratio"] < 5 < slow["time_ratio"]
    assert quick["memory_ratio"] == pytest.approx(1, abs=0.1)
    assert fat["memory_ratio"] > 2
    assert fat["memory_mib"] > 40 + quick["reference_memory_mib"]
    (cost,) = verdicts[2].results[0].costs
    assert cost.reference_mean_memory_bytes < cost.mean_memory_bytes <= 1.05 * cost.memory_bytes
    assert fat["memory_seconds_ratio"] > 1.5 * fat["time_ratio"]


@pytest.mark.parametrize(
    "forged",
    [
        "def fake(f):\n    return lambda *_: None\n@fake\n",
        "def fake(f):\n    return lambda *_: []\n@fake\n",
        "import os\nos._exit(0)\n",
    ],
)
def test_what_follows_a_sample_cannot_be_replaced_to_its_gain(judged, forged):
    (scores, _) = judged("effibench", TWO_SUM, QUICK + forged)
    assert scores[0]["pass"] == 0


def test_an_answer_has_to_be_right(judged):
    (scores, _) = judged("effibench", TWO_SUM, METHOD + "        return [0, 1]\n")
    assert scores[0]["pass"] == 0


def test_a_function_stands_for_the_method(judged):
    code = QUICK.replace("class Solution:\n", "").replace("    def twoSum(self, ", "def two_sum(")
    code = "\n".join(line.removeprefix("    ") for line in code.split("\n"))
    scores, verdicts = judged("effibench", TWO_SUM, code)
    assert scores[0]["pass"] == 1, verdicts[0].message


def test_programs_are_run_with_each_input(judged):
    slow = "input()\ntotal = 0\nfor x in input().split():\n"
    slow += "    total += sum([int(x)] + [0] * 40)\nprint(total)\n"
    scores, verdicts = judged(
        "effibench-x", ADD, ADD["solutions"]["python3"]["code"], slow, "print(2)", "exit(1)"
    )
    own, slower, *wrong = scores
    assert own["pass"] == slower["pass"] == 1, verdicts[1].message
    assert slower["time_score"] < 0.8
    assert own["time_score"] > 0.7
    assert slower["memory_seconds_score"] < 0.8
    assert [set(each.values()) for each in wrong] == [{0.0}, {0.0}]


def test_a_function_is_run_by_its_runner(make, judged):
    task = make("effibench-x", TWICE, {**ADD, "solutions": {}})
    (problem,) = task.problems()
    assert problem.id == "EffiBench-X/9"
    assert problem.prompt.startswith("Add up.\n\nclass Solution:")
    assert problem.metadata == {
        "difficulty": "easy",
        "domain": "codechef",
        "released": "2024-05-06",
    }
    right = "class Solution:\n    def twice(self, n):\n        return 2 * n\n"
    scores, _ = judged("effibench-x", TWICE, right, right.replace("2 * n", "n * n"))
    assert [each["pass"] for each in scores] == [1, 0]


def cost_of(own: tuple[float, float, float], reference: tuple[float, float, float]) -> Verdict:
    """Return a verdict with time, peak and integral of a sample and the reference."""
    (time, peak, integral), (time_2, peak_2, integral_2) = own, reference
    mib = 2**20
    cost = Cost(
        *(0, 0, 0, time, time, time, time_2, 100, 2),
        memory_bytes=int(peak * mib),
        reference_memory_bytes=int(peak_2 * mib),
        mean_memory_bytes=integral / time * mib,
        reference_mean_memory_bytes=integral_2 / time_2 * mib,
    )
    return Verdict(Status.PASSED, (CheckResult("tests", Status.PASSED, costs=(cost,)),))


OWN = [(2, 30, 45), (0.5, 25, 10), (0.9, 90, 60)]
REFERENCE = [(1, 20, 15), (0.5, 25, 10), (0.3, 30, 6)]


def test_metrics_are_those_of_the_worked_example(make):
    task = make("effibench", TWO_SUM)
    (problem,) = task.problems()
    found = [task.score(problem, cost_of(*pair)) for pair in zip(OWN, REFERENCE, strict=True)]
    failed = task.score(problem, Verdict(Status.WRONG_ANSWER))
    rows = [
        ProblemRow(
            f"p/{number}",
            1,
            {"pass": int(scores["pass"])},
            {},
            values={name: (scores[name],) for name in task.values},
        )
        for number, scores in enumerate([*found, failed])
    ]
    estimates = value_estimates(rows, 0, task.values, [1])
    values = {each.metric: each.value for items in estimates.values() for each in items}
    assert [values[name] for name in ("ET", "MU", "TMU")] == pytest.approx(
        [1.133333, 48.333333, 38.333333], abs=1e-6
    )
    model = [Footprint(seconds=a, peak_bytes=b, byte_seconds=c) for a, b, c in OWN]
    canonical = [Footprint(seconds=a, peak_bytes=b, byte_seconds=c) for a, b, c in REFERENCE]
    ratios, totals = mean_of_ratios(model, canonical), ratio_of_totals(model, canonical)
    assert [values[name] for name in ("NET", "NMU", "NTMU")] == pytest.approx(
        [ratios.net, ratios.nmu, ratios.ntmu]
    )
    assert [values[f"{name} (totals)"] for name in ("NET", "NMU", "NTMU")] == pytest.approx(
        [totals.net, totals.nmu, totals.ntmu]
    )


@pytest.mark.parametrize("pair", list(zip(OWN, REFERENCE, strict=True)))
def test_scores_that_are_capped_are_those_of_the_formula(make, pair):
    task = make("effibench-x", ADD)
    (problem,) = task.problems()
    found = task.score(problem, cost_of(*pair))
    own, reference = (Footprint(seconds=a, peak_bytes=b, byte_seconds=c) for a, b, c in pair)
    expected = capped_scores(own, fastest=reference, leanest=reference)
    names = ("time_score", "memory_score", "memory_seconds_score")
    assert [found[name] for name in names] == pytest.approx([expected.et, expected.mp, expected.mi])
