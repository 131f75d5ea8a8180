from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from codeeval.tasks import leetcode_helpers as shared
from codeeval.tasks.leetcode import CALL, HEADER, RecordedTests, helpers, with_header

TWICE = "class Solution:\n    def twice(self, n):\n        return 2 * n\n"


def judged(code: str, tests: str) -> bool:
    """Run code with the calls of tests, then the assertions, each in a namespace of its own."""
    recorded = RecordedTests(tests)
    own: dict = {}
    exec(with_header(code, below=recorded.record), own)
    return passes(recorded, own[CALL]())


def passes(recorded: RecordedTests, answers: object) -> bool:
    """Run the assertions; like the process that compares, take any error for a failure."""
    judge: dict = {}
    exec(with_header("", below=recorded.replay), judge)
    try:
        return judge["__check"]((), None, answers) is True
    except (TypeError, AssertionError, StopIteration):
        return False


@pytest.mark.parametrize(
    "tests",
    [
        "solution = Solution()\nassert solution.twice(2) == 4\nassert solution.twice(5) == 10",
        "solution = Solution()\nfor n in range(4):\n    assert solution.twice(n) == n + n",
        "assert Solution().twice(3) == 6, 'no'",
        "solution = Solution()\nfound = solution.twice(2)\nassert found == 4",
        "solution = Solution()\nassert solution.twice(solution.twice(1)) == 4",
        "solution = Solution()\nassert (solution.twice(1), solution.twice(2)) == (2, 4)",
        "solution = Solution()\nassert not solution.twice(0)",
        "solution = Solution()\nassert sorted([solution.twice(n=2), 1]) == [1, 4]",
        "same = int.__eq__\nsolution = Solution()\nassert same(solution.twice(1), 2)",
    ],
)
def test_assertions_are_made_of_what_calls_returned(tests):
    assert judged(TWICE, tests)
    assert not judged(TWICE.replace("2 * n", "2 * n + 1"), tests)


def test_the_process_of_a_solution_has_no_assertions_and_that_of_the_tests_no_solution():
    recorded = RecordedTests("solution = Solution()\nassert solution.twice(123) == 246")
    assert "246" not in recorded.record
    assert "assert" not in recorded.record
    assert "123" not in recorded.replay.replace("__answer(123)", "")
    assert recorded.methods == ["twice"]


def test_what_a_call_does_to_its_arguments_is_seen():
    tests = "solution = Solution()\nnums = [1, 2]\nsolution.add(nums, 3)\nassert nums == [1, 2, 3]"
    add = "class Solution:\n    def add(self, nums, n):\n        nums.append(n)\n"
    assert judged(add, tests)
    assert not judged(add.replace("nums.append(n)", "nums = [*nums, n]"), tests)


def test_an_answer_is_that_of_its_time():
    code = "class Solution:\n    kept = []\n    def add(self, n):\n"
    code += "        self.kept.append(n)\n        return self.kept\n"
    tests = "solution = Solution()\nassert solution.add(1) == [1]\nassert solution.add(2) == [1, 2]"
    assert judged(code, tests)


def test_nodes_are_compared_by_what_they_hold():
    code = (
        "class ListNode:\n    def __init__(self, val):\n        self.val, self.next = val, None\n"
        "class Solution:\n    def two(self):\n"
        "        first = ListNode(1)\n        first.next = ListNode(2)\n        return first\n"
    )
    tests = (
        "def values(node: ListNode):\n    return [node.val, *values(node.next)] if node else []\n"
        "solution = Solution()\nassert values(solution.two()) == [1, 2]\n"
    )
    assert judged(code, tests)
    assert not judged(code.replace("ListNode(2)", "ListNode(3)"), tests)


@pytest.mark.parametrize("answers", [None, 3, [], [[4, ()]] * 3, [["4", ()]], [4], ["x"]])
def test_answers_of_another_form_are_wrong(answers):
    recorded = RecordedTests("solution = Solution()\nassert solution.twice(2) == 4")
    assert not passes(recorded, answers)


def test_what_only_assertions_use_is_not_where_calls_are_made():
    tests = "solution = Solution()\nwanted = [246, 4]\nother = wanted\nn = 123\n"
    tests += "assert solution.twice(n) == other[0]\nassert solution.twice(2) == wanted[1]\n"
    recorded = RecordedTests(tests)
    assert "246" not in recorded.record
    assert "123" in recorded.record
    assert judged(TWICE, tests)


def test_builtins_stay_what_they_are():
    namespace: dict = {}
    exec(with_header("", below="found = pow(3, -1, 7), compile('1', '', 'eval')"), namespace)
    assert namespace["found"][0] == 5


def test_copies_are_made_of_what_is_not_plain():
    class Number(int):
        pass

    kept = shared._kept([Number(3), {1: [2]}])
    assert type(kept[0]) is Number
    assert kept[1] == {1: [2]}


def test_imports_from_the_future_stay_first():
    code = "'''About.'''\nfrom __future__ import (\n    annotations,\n); x = 1\ny: Unknown = 2\n"
    namespace: dict = {}
    exec(compile(with_header(code, below="z = x + y"), "", "exec", dont_inherit=True), namespace)
    assert namespace["z"] == 3
    assert with_header("def f(:", below="").endswith("def f(:\n")


def test_a_solution_finds_what_leetcode_imports():
    namespace: dict = {}
    exec(with_header("", below=""), namespace)
    for name in ("List", "Optional", "Counter", "heappush", "bisect_left", "inf", "lru_cache"):
        assert name in namespace
    for module in ("heapq", "collections", "math", "re", "copy", "datetime"):
        assert namespace[module].__name__ == module
    assert "import *" in HEADER
    assert "from __future__" not in helpers()


PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=4),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.tuples(inner, inner)
        | st.dictionaries(st.integers(), inner, max_size=3)
    ),
    max_leaves=12,
)


@given(PLAIN)
def test_plain_values_come_back_as_they_were(value):
    assert shared._revived(shared._coded(value)) == value
    assert shared._kept(value) == value


@given(st.lists(st.integers(0, 9), max_size=20))
def test_lists_come_back(values):
    first = shared._revived(shared._coded([shared.linked_list(values)]))[0]
    assert shared.linked_list_values(first) == values


TREES = st.recursive(
    st.none(),
    lambda inner: st.builds(shared.TreeNode, st.integers(0, 9), inner, inner),
    max_leaves=20,
)


@given(TREES)
def test_trees_come_back(root):
    values = shared.binary_tree_values(root)
    assert shared.binary_tree_values(shared.binary_tree(values)) == values
    assert shared.binary_tree_values(shared._revived(shared._coded(root))) == values
    assert None not in values[-1:]


def test_a_tree_is_given_level_by_level():
    root = shared.binary_tree([1, None, 2, 3])
    assert (root.val, root.left, root.right.val, root.right.left.val) == (1, None, 2, 3)
    assert shared.binary_tree([]) is shared.binary_tree(None) is None


def test_graphs_and_circles_come_back():
    square = shared._revived(shared._coded(shared.graph([[2, 4], [1, 3], [2, 4], [1, 3]])))
    assert shared.graph_neighbors(square) == {1: [2, 4], 2: [1, 3], 3: [2, 4], 4: [1, 3]}
    ring = shared.ListNode(1)
    ring.next = ring
    again = shared._revived(shared._coded(ring))
    assert again.next is again
    assert shared.graph([]) is None
    assert shared.graph_neighbors(None) == {}


def test_what_stands_for_an_answer_bears_what_converters_do():
    unknown = shared._Unknown()
    made = (shared.linked_list, shared.binary_tree, shared.graph)
    assert all(make(unknown) is unknown for make in made)
    assert unknown[0][1:].strip().split(",") is unknown
    assert [*unknown, *sorted(unknown)] == []
    assert (int(unknown), float(unknown), len(unknown), bool(unknown)) == (0, 0.0, 0, False)
    assert unknown + 1 is unknown
    unknown[0] = 1
    assert shared.linked_list_values(unknown) == shared.binary_tree_values(unknown) == []
    assert shared.graph_neighbors(unknown) == {}
