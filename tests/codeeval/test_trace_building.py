from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass

import pytest

from codeeval.sandbox.program import Asserts, Program
from codeeval.tasks.fresh_traces import KINDS
from codeeval.tasks.registry import load_task
from codeeval.tasks.task import Problem, Sample
from codeeval.trace_building import BuildError, build, without_docstrings
from tests.codeeval.command import run
from tests.sandbox.conftest import BUBBLEWRAP, UNSAFE, open_or_skip

ODD = '''def odd(n):
    """Add odd numbers up.

    >>> odd(4)
    4
    """
    t = 0
    for i in range(n):
        if i % 2:
            t += i
    return t'''
FIB = """def fib(n):
    if n < 2:
        return n
    return fib(n - 1) + fib(n - 2)"""
THREADS = """import threading

def both(n):
    found = []
    def work():
        found.append(n)
    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    return found"""
CHANCE = "import random\n\ndef chance(n):\n    return random.random()"
ENDLESS = "def endless(n):\n    while n != 1:\n        n += 1\n    return n"


@dataclass(frozen=True)
class Small:
    """A task of a few functions, each with assertions."""

    functions: tuple[tuple[str, str, str], ...]
    name: str = "small"
    version: str = "1"
    digest: str = "0"

    def problems(self):
        for name, code, _ in self.functions:
            yield Problem(f"Small/{name}", "", code, name)

    def program(self, problem, sample):
        tests = next(each for name, _, each in self.functions if name == problem.entry_point)
        return Program(sample.text, (Asserts(tests, sealed=False),))


SMALL = Small(
    (
        ("odd", ODD, "assert odd(4) == 4\nassert odd(1) == 0"),
        ("fib", FIB, "def check(candidate):\n    assert candidate(3) == 2\ncheck(fib)"),
        ("both", THREADS, "assert both(7) == [7]"),
    )
)


@pytest.fixture(scope="module")
def executor():
    with open_or_skip(UNSAFE) as opened:
        yield opened


@pytest.fixture
def judged(tmp_path):
    """Return a function that says of answers to built questions whether they are right."""

    def judge(records, answers: dict[str, str] | None = None):
        path = tmp_path / "trace.jsonl"
        path.write_text("".join(json.dumps(each) + "\n" for each in records))
        task = load_task("trace", data_file=path)
        known = {problem.id: problem for problem in task.problems()}
        said = answers or {name: problem.reference for name, problem in known.items()}
        verdicts = {
            name: task.answer(known[name], Sample(name, 0, solution=answer))
            for name, answer in said.items()
        }
        return {name: each.status == "passed" for name, each in verdicts.items()}

    return judge


def test_the_questions_and_their_answers(executor, judged):
    built = build(SMALL, executor, most=1000)
    assert set(Counter(each["kind"] for each in built.records)) == set(KINDS)
    assert all(judged(built.records).values())
    assert len({each["task_id"] for each in built.records}) == len(built.records)
    of = {}
    for record in built.records:
        if record["call"] in ("odd(4)", "odd(1)", "fib(3)", "both(7)"):
            of[record["kind"], record["call"]] = record
    assert of["path", "odd(4)"]["answer"] == "[2, 3, 4, 3, 4, 5, 3, 4, 3, 4, 5, 3, 6]"
    assert of["path", "odd(1)"]["answer"] == "[2, 3, 4, 3, 6]"
    assert of["iterations", "odd(4)"]["answer"] == "4"
    assert of["output", "both(7)"]["answer"] == "[7]"
    assert of["exception", "fib(3)"]["answer"] == "None"
    assert ("path", "both(7)") not in of
    assert of["output", "fib(3)"]["recursion"]
    assert not of["output", "odd(4)"]["recursion"]
    assert of["output", "both(7)"]["threads"] == 2
    assert of["output", "fib(3)"]["depth"] == 3
    assert '"""' not in of["output", "odd(4)"]["code"]
    assert any(each["answer"] == "TypeError" for each in built.records)


def test_states_and_next_lines_are_those_of_one_visit(executor):
    found = set()
    for seed in range(12):
        built = build(SMALL, executor, kinds=("state", "next"), inputs=9, seed=seed)
        for record in built.records:
            if record["call"] == "odd(4)":
                keys = ("kind", "line", "occurrence", "answer")
                found.add(tuple(record[key] for key in keys))
    states = {("state", 2, 1, "0"), ("state", 5, 1, "1"), ("state", 5, 2, "4")}
    after = {("next", 2, 1, "3"), ("next", 3, 5, "6"), ("next", 4, 1, "3"), ("next", 4, 2, "5")}
    after |= {("next", 6, 1, "-1"), ("next", 5, 1, "3"), ("next", 5, 2, "3"), ("next", 3, 1, "4")}
    after |= {("next", 3, n, "4") for n in (2, 3, 4)} | {("next", 4, 3, "3"), ("next", 4, 4, "5")}
    assert found <= states | after
    assert len(found & states) > 1
    assert len(found & after) > 3


def test_the_same_seed_gives_the_same_questions(executor):
    first, again, other = (build(SMALL, executor, seed=seed).records for seed in (3, 3, 4))
    assert first == again
    assert first != other
    assert len(build(SMALL, executor, most=5).records) == 5


def test_what_is_not_the_same_each_time_is_left_out(executor):
    task = Small(
        (
            ("chance", CHANCE, "chance(1)\nchance(2)"),
            ("endless", ENDLESS, "endless(1)\nendless(2)\nendless(int('3'))"),
            ("long", "def long(n):\n    for _ in range(9000):\n        pass", "long(1)"),
        )
    )
    built = build(task, executor, kinds=("output", "next"))
    assert {each["call"] for each in built.records} == {"endless(1)"}
    assert built.left_out["not the same each time"] == 2
    assert built.left_out["a call that takes long or ends the process"] == 1
    assert built.left_out["more steps than 5,000, or none"] == 1


def test_nothing_to_ask_is_an_error(executor):
    task = Small((("f", "def f(x):\n    return x", "assert f(open('x'))"),))
    with pytest.raises(BuildError, match="small: no call of a function with arguments"):
        build(task, executor)


def test_docstrings_go_and_all_else_stays():
    assert without_docstrings(ODD) == "\n".join([ODD.split("\n")[0], *ODD.split("\n")[6:]])
    for code in (FIB, 'def f(): "kept"; return 1', 'def f():\n    "alone"', "not Python ("):
        assert without_docstrings(code) == code


def test_the_command(tmp_path):
    path = tmp_path / "new" / "trace.jsonl"
    words = ("trace", "build", "starter", "--output", path, "--problems", 6, "--inputs", 1)
    done = run(*words, "--kinds", "next,coverage", "--sandbox", "bubblewrap", cwd=tmp_path)
    assert done.code == 0, done.err
    assert done.out.startswith("6 questions about ")
    records = [json.loads(line) for line in path.read_text().splitlines()]
    assert {each["kind"] for each in records} == {"next", "coverage"}
    done = run(*words, "--kinds", "nothing", cwd=tmp_path)
    assert (done.code, "--kinds" in done.err) == (2, True)


@pytest.mark.slow
def test_starter_tracing_is_what_starter_gives():
    """Its answers are traced anew: with the same seed the file comes out again."""
    task = load_task("starter-tracing")
    with open_or_skip(BUBBLEWRAP) as executor:
        built = build(load_task("starter"), executor)
    assert [json.loads(line) for line in task.path.read_text().splitlines()] == built.records
