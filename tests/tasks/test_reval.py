from __future__ import annotations

import ast
import json
from collections import Counter
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from codeeval import evaluate
from codeeval.breakdowns import ProblemRow
from codeeval.sandbox.program import Limits
from codeeval.sandbox.verdict import Status
from codeeval.tasks.registry import load_task
from codeeval.tasks.reval import lines_said, said_yes
from codeeval.tasks.reval_tests import STATE, UnlikeAsked, filled, is_made
from codeeval.tasks.task import DataError, Sample
from codeeval.valued import value_estimates
from tests.data import data_path
from tests.sandbox.conftest import BUBBLEWRAP, UNSAFE, open_or_skip

LIMITS = Limits(cpu_seconds=20, wall_seconds=60)
CODE = """def f(n):
    t = 0
    for i in range(n):
        if i % 2:
            t += i
    return t"""
CLASS = """class Box:
    def __init__(self):
        self.kept = []

    def put(self, thing):
        self.kept.append(thing)
        return len(self.kept)"""
TEST = """import unittest

class BoxTestPut(unittest.TestCase):
    def setUp(self):
        self.box = Box()
        self.box.put(0)

    def test_put(self):
        self.assertEqual(self.box.put(5), 2)
        self.assertEqual(self.box.kept, [0, 5])

    def test_more(self):
        raise RuntimeError
"""
BODY = "assertEqual(self.box.put(5), 2)\nassertEqual(self.box.kept, [0, 5])"
ASKED = "assertEqual(self.box.put(5), ??)\nassertEqual(self.box.kept, ??)"
DATA = [
    {"task_id": "DREval/0", "entry_point": "f", "code": CODE, "inputs": ["(4,)", "(1,)"],
     "outputs": ["4", "0"], "test": None},
    {"task_id": "DREval/1", "entry_point": "Box", "code": CLASS, "inputs": [BODY], "outputs": [],
     "test": TEST},
    {"task_id": "DREval/2", "entry_point": "g", "code": "import bs4\ndef g(): pass",
     "inputs": ["()"], "outputs": ["None"], "test": None},
]  # fmt: skip
TASKS = [
    {"task_id": "DREval/0", "idx": 0, "tasks": [
        {"input_idx": 0, "task": [{"lineno": 5, "var": "t"}, {"lineno": 4, "var": "t"}],
         "output_pred": "assert f(4) == ??"},
        {"input_idx": 1, "task": [{"lineno": 5, "var": "t"}], "output_pred": "assert f(1) == ??"}]},
    {"task_id": "DREval/1", "idx": 1, "tasks": [
        {"input_idx": 0, "task": [{"lineno": 6, "var": "self.kept"}], "output_pred": ASKED}]},
    {"task_id": "DREval/2", "idx": 2, "tasks": [
        {"input_idx": 0, "task": [{"lineno": 2, "var": "x"}], "output_pred": "assert g() == ??"}]},
]  # fmt: skip


@pytest.fixture
def make(tmp_path):
    """Return a function that makes the task from records."""

    def task(data=DATA, tasks=TASKS, **options):
        for name, records in (("data", data), ("tasks", tasks)):
            text = "".join(json.dumps(each) + "\n" for each in records)
            (tmp_path / f"DREval_{name}.jsonl").write_text(text)
        return load_task("reval", data_file=tmp_path / "DREval_data.jsonl", **options)

    return task


@pytest.fixture(scope="module")
def executor():
    with open_or_skip(UNSAFE, limits=LIMITS) as opened:
        yield opened


def judged(executor, task, *answers: tuple[str, str]) -> list[Status]:
    known = {problem.id: problem for problem in task.problems()}
    programs = [
        task.program(known[name], Sample(name, 0, solution=answer)) for name, answer in answers
    ]
    return [verdict.status for verdict in executor.run_many(programs)]


RIGHT = [
    ("REval/0/0/0/coverage", "YES"),
    ("REval/0/0/0/coverage", "[ANSWER]\nyes, it is [/ANSWER] NO"),
    ("REval/0/1/0/coverage", "no."),
    ("REval/0/1/0/coverage", "I do not know"),
    ("REval/0/0/0/path", "for i in range(n):"),
    ("REval/0/0/0/path", "[ANSWER]   for i in range(n):  \nand so on[/ANSWER]"),
    ("REval/0/0/1/path", "t += i"),
    ("REval/0/0/1/path", "5\tt += i"),
    ("REval/0/1/0/path", "-1"),
    ("REval/0/0/0/state", "1; int"),
    ("REval/0/0/0/state", "4; <class 'int'>"),
    ("REval/0/0/1/state", "0 ; Integer"),
    ("REval/0/1/0/state", "Nil"),
    ("REval/0/0/output", "assert f(4) == 4"),
    ("REval/0/0/output", "4"),
    ("REval/0/0/output", "[ANSWER]assert f(4) == 2 + 2[/ANSWER]"),
    ("REval/1/0/0/coverage", "YES"),
    ("REval/1/0/0/path", "return len(self.kept)"),
    ("REval/1/0/0/state", "[0, 5]; list[int]"),
    ("REval/1/0/output", BODY),
    ("REval/1/0/output", BODY.replace("assert", "self.assert")),
    ("REval/1/0/output", "assertEqual(self.box.put(5), 1 + 1)\nassertEqual(self.box.kept, [0, 5])"),
]
WRONG = [
    ("REval/0/0/0/coverage", "NO"),
    ("REval/0/0/0/coverage", ""),
    ("REval/0/1/0/coverage", "YES"),
    ("REval/0/0/0/path", "t += i"),
    ("REval/0/0/0/path", "-1"),
    ("REval/0/0/0/path", "something else"),
    ("REval/0/0/0/path", ""),
    ("REval/0/1/0/path", "for i in range(n):"),
    ("REval/0/0/0/state", "3; int"),
    ("REval/0/0/0/state", "1; float"),
    ("REval/0/0/0/state", "1; str"),
    ("REval/0/0/0/state", "1"),
    ("REval/0/0/0/state", "Nil"),
    ("REval/0/0/0/state", "__import__('os')._exit(0); int"),
    ("REval/0/1/0/state", "0; int"),
    ("REval/0/0/output", "assert f(4) == f(4)"),
    ("REval/0/0/output", "assert f(4) == 5"),
    ("REval/0/0/output", "assert True"),
    ("REval/0/0/output", "assert f(4) == type('X', (), {'__eq__': lambda *_: True})()"),
    ("REval/1/0/0/state", "[0]; list"),
    ("REval/1/0/output", BODY.replace("2", "3")),
    ("REval/1/0/output", "assertTrue(True)\nassertTrue(True)"),
    ("REval/1/0/output", "assertEqual(self.box.put(5), self.box.put(5))\nassertEqual(1, 1)"),
    ("REval/1/0/output", BODY.replace("[0, 5]", "self.box.kept")),
    ("REval/1/0/output", BODY + "\nexit(0)"),
    ("REval/1/0/output", ""),
    ("REval/1/0/output", BODY.replace("2)", "*[2])")),
    ("REval/1/0/output", BODY.replace("2)", "-" * 400 + "2)")),
    ("REval/1/0/output", BODY.replace("2)", "1 + " * 5000 + "2)")),
    ("REval/1/0/output", BODY.replace("2)", "[" + "1, " * 50_000 + "2])")),
]


@pytest.mark.parametrize(("answers", "right"), [(RIGHT, True), (WRONG, False)])
def test_answers(executor, make, answers, right):
    found = judged(executor, make(), *answers)
    assert [each for each, status in zip(answers, found, strict=True)
            if (status is Status.PASSED) != right] == []  # fmt: skip


def test_problems(make):
    task = make()
    kinds = Counter((each.metadata["kind"], each.metadata["domain"]) for each in task.problems())
    asked = dict.fromkeys(("coverage", "path", "state"), 1)
    assert kinds == {
        **{(kind, "functions"): 3 for kind in asked},
        **{(kind, "classes"): 1 for kind in asked},
        ("output", "functions"): 2,
        ("output", "classes"): 1,
    }
    assert len(list(make(part="classes").problems())) == 4
    prompts = {each.id: each.prompt for each in make(cot=True).problems()}
    assert "4\t        if i % 2:\n" in prompts["REval/0/0/1/path"]
    assert prompts["REval/0/0/0/state"].endswith(
        "What value and type has t after line 5 (t += i) was executed?\n[/QUESTION]\n[THOUGHT]\n"
    )
    assert prompts["REval/1/0/output"].count("??") == 4
    assert f"{CLASS}\n\n{BODY}" in prompts["REval/1/0/0/coverage"]


def test_a_reply_whose_thoughts_do_not_end_is_wrong(executor, make):
    name = "REval/0/0/0/coverage"
    replies = ["[THOUGHT] it is [/THOUGHT] [ANSWER] YES", "YES", "[ANSWER]YES[/ANSWER]"]
    found = judged(executor, make(cot=True), *((name, each) for each in replies))
    assert [each is Status.PASSED for each in found] == [True, False, False]


def test_scores(executor, make):
    """Half of the answers about coverage are a yes, and consistency breaks at the third."""
    answers = dict(reversed(RIGHT))
    answers |= {"REval/0/0/1/coverage": "NO", "REval/0/0/0/path": "?", "REval/0/1/0/state": "1"}
    answers |= {"REval/0/1/output": "0"}
    samples = [Sample(name, 0, solution=answer) for name, answer in answers.items()]
    report = evaluate(samples, make(), executor=executor, k=(1,)).report
    assert report.estimates["pass"][0].value == pytest.approx(12 / 15)
    found = {each.metric: each.value for each in report.values["said_covered"]}
    assert found == pytest.approx({"precision": 1, "recall": 2 / 3, "F1": 0.8})
    # of four points: 1101, 0111, 1011, 1111
    assert [each.value for each in report.values["right"]] == pytest.approx([0.25])


def test_the_worked_examples():
    counts = [((1.0, 1.0), 6), ((1.0, 0.0), 2), ((0.0, 1.0), 1), ((0.0, 0.0), 3)]
    points = [pair for pair, count in counts for _ in range(count)]
    about = {"kind": "coverage"}
    rows = [
        ProblemRow(f"REval/{n}/0/0/coverage", 1, {"pass": 1}, {}, about,
                   values={"said_covered": (said,), "covered": (true,), "right": (1.0,)})
        for n, (said, true) in enumerate(points)
    ]  # fmt: skip
    found = value_estimates(rows, 0, {"said_covered": ("precision", "recall", "F1")}, [1])
    assert [each.value for each in found["said_covered"]] == pytest.approx([0.75, 0.857143, 0.8])
    rows = []
    for n, bits in enumerate(("1111", "1110", "1100", "1000", "0000", "1011")):
        ids = (f"{n}/0/0/coverage", f"{n}/0/0/state", f"{n}/0/0/path", f"{n}/0/output")
        for name, bit in zip(ids, bits, strict=True):
            kind = {"kind": name.rpartition("/")[2]}
            values = {"right": (float(bit),)}
            rows.append(ProblemRow(f"REval/{name}", 1, {"pass": 1}, {}, kind, values=values))
    (estimate,) = value_estimates(rows, 0, {"right": ("IC",)}, [1])["right"]
    assert estimate.value == pytest.approx(0.3125)
    assert estimate.tasks == 6


@pytest.mark.parametrize(
    ("answer", "values", "right"),
    [
        ("1.0000001; float", [1.0], True),
        ("1; float", [2.0, 1.0], True),
        ("'a; b'; str", ["a; b"], True),
        ("a b; string", ["a b"], True),
        ("(1, 2); int, int", [(1, 2)], True),
        ("None; NoneType", [None], True),
        ("None; None", [None], True),
        ("True; bool", [1], False),
        ("1; int", [True], False),
        ("{'a': [1]}; dict[str, list]", [{"a": [1]}], True),
        ("inf; float", [float("inf")], False),
        ("2024-01-02; datetime.date", [__import__("datetime").date(2024, 1, 2)], True),
        (
            "datetime.datetime(2024, 1, 2, 3); <class 'datetime.datetime'>",
            [__import__("datetime").datetime(2024, 1, 2, 3)],
            True,
        ),
        ("Nil", [None], False),
        ("nil", None, False),
        ("; ", ["x"], False),
        ("9" * 5000 + "; int", [1], False),
        ("(" * 300 + "; list", [[]], False),
    ],
)
def test_states(answer, values, right):
    namespace: dict = {}
    exec(STATE, namespace)
    assert namespace["state_is"](answer, values) is right


@given(st.text(max_size=200))
def test_any_text_is_an_answer(text):
    namespace: dict = {}
    exec(STATE, namespace)
    assert namespace["state_is"](text, [object()]) is False
    assert lines_said(text, "\x00")
    assert said_yes(text) in (True, False)
    with suppress(UnlikeAsked):
        assert all(ast.parse(each, mode="eval") for each in filled(ASKED, text))


def test_what_is_made_where_answers_are_compared():
    for text in ("Decimal('5.0')", "deque([1, -2])", "{'name': str}", "datetime.date(2024, 1, 2)"):
        assert is_made(text), text
    for text in ("", "[1]", "result", "open('x')", "Decimal(open('x'))", "deque(x for x in y)",
                 "datetime.datetime.now()", "deque([1] * 9)", "str('x')", "__import__('os')",
                 "np.array(self.x)", "Decimal.from_float(1)", "np.array(np.testing)"):  # fmt: skip
        assert not is_made(text), text


def test_data_of_another_form(make, tmp_path):
    with pytest.raises(DataError, match="part must be functions, classes or all, not 'none'"):
        list(make(part="none").problems())
    with pytest.raises(DataError, match=r"line 1: field 'code' is missing"):
        list(make(data=[{"task_id": "DREval/0", "entry_point": "f"}]).problems())
    with pytest.raises(DataError, match=r"line 1: no record of reval; KeyError\('output_pred'\)"):
        list(make(tasks=[{"task_id": "DREval/0", "tasks": [{"input_idx": 0}]}]).problems())
    digest = make().digest
    assert make(tasks=TASKS[:1]).digest != digest
    task = make()
    (tmp_path / "DREval_tasks.jsonl").unlink()
    with pytest.raises(DataError, match=r"DREval_tasks\.jsonl"):
        list(load_task("reval", data_file=task.path).problems())


@pytest.mark.slow
def test_every_expected_answer_in_functions_is_right():
    path = data_path("tracing/reval/DREval_data.jsonl")
    task = load_task("reval", data_file=path)
    known = {problem.id: problem for problem in task.problems()}
    assert len(known) == 9_835
    expected = path.with_name("expected_humaneval_part.jsonl").read_text().splitlines()
    numbers: Counter[str] = Counter()
    answers = []
    for record in map(json.loads, expected):
        group = f"REval/{record['idx']}/{record['input_idx']}"
        point = f"{group}/{numbers[group]}"
        numbers[group] += 1
        lines = known[f"{point}/path"].record["code"].split("\n")
        said = ("NO", "YES")
        answers.append((f"{point}/coverage", said[record["covered"]], True))
        answers.append((f"{point}/coverage", said[not record["covered"]], False))
        after = record["next"][0]
        answers.append((f"{point}/path", "-1" if after == -1 else lines[after - 1], True))
        values = record["values"]
        if values is None:
            answers.append((f"{point}/state", "Nil", True))
            continue
        try:
            kind = type(ast.literal_eval(values[-1])).__name__
        except ValueError:
            continue
        answers.append((f"{point}/state", f"{values[-1]}; {kind}", True))
        answers.append((f"{point}/state", "Nil", False))
    assert len(answers) > 5_000
    programs = (task.program(known[name], Sample(name, 0, solution=a)) for name, a, _ in answers)
    with open_or_skip(BUBBLEWRAP, workers=2, limits=task.limits) as executor:
        found = [each.status is Status.PASSED for each in executor.run_many(programs)]
    assert [each for each, right in zip(answers, found, strict=True) if each[2] != right] == []
