from __future__ import annotations

import json

import pytest

from codeeval.breakdowns import ProblemRow
from codeeval.sandbox.program import Limits
from codeeval.sandbox.verdict import CheckResult, Cost, Status, Verdict
from codeeval.scoring import efficiency
from codeeval.tasks.mercury import beyond, uses_inputs
from codeeval.tasks.registry import load_task
from codeeval.tasks.task import DataError, Sample
from codeeval.truth import TruthError, Truths
from codeeval.valued import value_estimates
from tests.sandbox.conftest import open_or_skip

LIMITS = Limits(cpu_seconds=60, wall_seconds=120)
METHOD = "class Solution(object):\n    def countPairs(self, nums, target):\n"
SLOW = METHOD + (
    "        n = len(nums)\n"
    "        return sum(1 for i in range(n) for j in range(i) if nums[i] + nums[j] == target)\n"
)
MIDDLE = METHOD + "        return sum(nums[:i].count(target - x) for i, x in enumerate(nums))\n"
FAST = METHOD + (
    "        seen, total = Counter(), 0\n        for each in nums:\n"
    "            total += seen[target - each]\n            seen[each] += 1\n"
    "        return total\n"
)
WRONG = METHOD + "        return 0\n"
NUMS = [(7 * n * n + 3) % 101 for n in range(300)]
PAIRS = {
    "slug_name": "count-pairs",
    "difficulty": "Easy",
    "pretty_content": ["Count the pairs\nwith a sum."],
    "prompt": METHOD,
    "entry_point": "countPairs",
    "test_cases": json.dumps(
        [
            {"input": [[1, 2, 3], 4], "expected": 1},
            {
                "input": [NUMS, 60],
                "expected": sum(a + b == 60 for n, a in enumerate(NUMS) for b in NUMS[:n]),
            },
        ]
    ),
    "convert_offline": "def convert_offline(case):\n    inputs, expected = case\n"
    "    return inputs, expected\n",
    "evaluate_offline": "def evaluate_offline(inputs, outputs, expected):\n"
    "    return outputs == expected\n",
    "solutions": [{"solution": WRONG}, {"solution": MIDDLE}, {"solution": SLOW}],
}
TURN = (
    "class Solution(object):\n    def turn(self, head):\n        last = None\n"
    "        while head:\n            head.next, last, head = last, head, head.next\n"
    "        return last\n"
)
LISTS = {
    **PAIRS,
    "slug_name": "turn-list",
    "entry_point": "turn",
    "test_cases": json.dumps(
        [{"input": [list(range(n))], "expected": list(range(n))[::-1]} for n in (0, 1, 50)]
    ),
    "convert_offline": "from lctk import *\ndef convert_offline(case):\n"
    "    inputs, expected = case\n    inputs[0] = linkedList(inputs[0])\n"
    "    expected = linkedList(expected)\n    return inputs, expected\n",
    "evaluate_offline": "from lctk import linkedList2Arr\n"
    "def evaluate_offline(inputs, outputs, expected):\n"
    "    return linkedList2Arr(outputs) == linkedList2Arr(expected)\n",
    "solutions": [{"solution": TURN}],
}
IN_PLACE = {
    **PAIRS,
    "slug_name": "in-place",
    "entry_point": "squares",
    "test_cases": json.dumps([{"input": [[1, 2, 3]], "expected": [1, 4, 9]}]),
    "evaluate_offline": "def evaluate_offline(inputs, outputs, expected):\n"
    "    return inputs[0] == expected\n",
    "solutions": [
        {
            "solution": "class Solution:\n    def squares(self, nums):\n"
            "        nums[:] = [n * n for n in nums]\n"
        }
    ],
}


@pytest.fixture
def make(tmp_path):
    """Return a function that makes the task from records."""

    def task(*records: dict, **options):
        path = tmp_path / "mercury.jsonl"
        path.write_text("".join(json.dumps(record) + "\n" for record in records))
        return load_task("mercury", data_file=path, **options)

    return task


@pytest.fixture
def scored(make):
    """Return a function that evaluates programs for the only problem of a file."""
    with open_or_skip("unsafe-local", limits=LIMITS) as executor:

        def run(record: dict, *sources: str) -> list[dict[str, float]]:
            task = make(record)
            (problem,) = task.problems()
            truths = Truths(executor, None, 1)
            samples = [Sample(problem.id, n, solution=each) for n, each in enumerate(sources)]
            programs = [truths.resolve(task.program(problem, each)) for each in samples]
            truths.close()
            return [dict(task.score(problem, executor.run(each))) for each in programs]

        yield run


def test_a_problem_has_what_a_model_sees(make):
    task = make(PAIRS, LISTS)
    first, second = task.problems()
    assert (first.id, second.id) == ("count-pairs", "turn-list")
    assert first.prompt == "# Count the pairs\n# with a sum.\n" + METHOD
    assert first.metadata == {"difficulty": "easy"}
    assert first.entry_point == "Solution.countPairs"
    completed = task.source(first, Sample(first.id, 0, completion="        return 1\n"))
    assert METHOD + "        return 1\n" in completed


def test_what_is_right_is_no_part_of_the_program(make):
    task = make({**PAIRS, "test_cases": json.dumps([{"input": [[1], 77], "expected": 424242}])})
    (problem,) = task.problems()
    program = task.program(problem, Sample(problem.id, 0, solution=FAST))
    (check,) = program.checks
    assert "424242" not in program.source
    assert b"424242" not in check.inputs.data
    assert "evaluate_offline" not in program.source


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"slug_name": None}, "'slug_name' must be a text"),
        ({"solutions": []}, "there are no solutions"),
        ({"solutions": ["x"]}, "'solutions' must be a list of objects"),
        ({"test_cases": "[]"}, "no test cases"),
        ({"test_cases": "{"}, "'test_cases' a JSON text"),
        ({"test_cases": '[{"input": [1]}]'}, "KeyError: 'expected'"),
    ],
)
def test_records_of_another_form_are_refused(make, changed, message):
    with pytest.raises(DataError, match=message):
        list(make({**PAIRS, **changed}).problems())


def test_a_sample_lies_between_known_solutions_that_are_right(scored):
    fast, middle, slow, wrong = scored(PAIRS, FAST, MIDDLE, SLOW, WRONG)
    assert (fast["pass"], fast["beyond"], fast["beyond_percentile"]) == (1, 1, 1)
    assert middle["beyond"] > 0.7
    assert slow["beyond"] < 0.3
    assert set(wrong.values()) == {0.0}
    assert fast["cost_seconds"] < middle["reference_seconds"] < slow["cost_seconds"]


def test_lists_are_turned_into_nodes_and_back(scored):
    own_node = (
        "class ListNode:\n    def __init__(self, val):\n        self.val, self.next = val, None\n"
        "class Solution:\n    def turn(self, head):\n        last = None\n        while head:\n"
        "            node = ListNode(head.val)\n            node.next, last = last, node\n"
        "            head = head.next\n        return last\n"
    )
    nothing = "class Solution:\n    def turn(self, head):\n        return head\n"
    found = scored(LISTS, TURN, own_node, nothing)
    assert [each["pass"] for each in found] == [1, 1, 0]


def test_what_is_done_to_arguments_is_compared_where_the_data_look_at_it(scored):
    lost = "class Solution:\n    def squares(self, nums):\n        return [n * n for n in nums]\n"
    found = scored(IN_PLACE, IN_PLACE["solutions"][0]["solution"], lost)
    assert [each["pass"] for each in found] == [1, 0]


def test_a_problem_without_a_right_solution_is_told_of(scored):
    with pytest.raises(TruthError, match="none of 1 known solutions is right"):
        scored({**PAIRS, "solutions": [{"solution": WRONG}]}, FAST)


def verdict(seconds: float, reference: float, *rivals: float | None) -> Verdict:
    cost = Cost(0, 0, 0, seconds, seconds, seconds, reference, 100, 2, rival_seconds=rivals)
    return Verdict(Status.PASSED, (CheckResult("tests", Status.PASSED, costs=(cost,)),))


@pytest.mark.parametrize(
    ("seconds", "value"), [(0.05, 1), (0.10, 1), (0.22, 0.7), (0.50, 0), (0.60, 0)]
)
def test_scores_are_those_of_the_worked_example(make, seconds, value):
    task = make(PAIRS)
    (problem,) = task.problems()
    found = task.score(problem, verdict(seconds, 0.3, 0.1, None, 0.5, 0.2))
    assert found["beyond"] == pytest.approx(value)
    known = [0.1, 0.2, 0.3, 0.5]
    assert found["beyond"] == pytest.approx(efficiency.beyond(known, seconds, correct=True))
    share = efficiency.beyond_percentile(known, seconds, correct=True)
    assert found["beyond_percentile"] == pytest.approx(share)


def test_beyond_of_solutions_that_take_the_same_time():
    assert [beyond([2, 2], seconds) for seconds in (1, 2, 3)] == [1, 1, 0]


def test_beyond_of_a_run_is_the_mean_with_failures_as_nothing():
    rows = [
        ProblemRow("a", 2, {"pass": 1}, {}, values={"beyond": (0.5, 0.0)}),
        ProblemRow("b", 2, {"pass": 2}, {}, values={"beyond": (1.0, 0.5)}),
    ]
    (found,) = value_estimates(rows, 1, {"beyond": ("Beyond",)}, [1, 2])["beyond"]
    assert (found.metric, found.value) == ("Beyond", pytest.approx((0.25 + 0.75 + 0) / 3))


def test_whether_arguments_are_compared():
    head = "def evaluate_offline(inputs, outputs, expected):\n    return "
    assert uses_inputs(head + "inputs[0] == expected")
    assert not uses_inputs(head + "outputs == expected")
    assert uses_inputs("def evaluate_offline(:")
