from __future__ import annotations

import ast
import json
import subprocess
from collections import Counter
from dataclasses import dataclass
from importlib import resources

import pytest

from codeeval.sandbox.program import Asserts, Program
from codeeval.sandbox.stepper import examine
from codeeval.tasks.fresh_traces import CALL_KINDS
from codeeval.tasks.registry import load_task
from codeeval.tasks.task import Problem, Sample
from codeeval.trace_building import BuildError, build
from codeeval.traced_calls import assigned, bare, loops_of
from tests.codeeval.command import run
from tests.sandbox.conftest import BUBBLEWRAP, UNSAFE, open_or_skip
from tests.sandbox.test_tracer import python_of

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
    assert set(Counter(each["kind"] for each in built.records)) == set(CALL_KINDS)
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
    assert built.left_out["cannot be traced: TooLong"] == 2


def test_nothing_to_ask_is_an_error(executor):
    task = Small((("f", "def f(x):\n    return x", "assert f(open('x'))"),))
    with pytest.raises(BuildError, match="small: no call of a function with arguments"):
        build(task, executor)


def test_docstrings_and_comments_go():
    assert bare(ODD) == "\n".join([ODD.split("\n")[0], *ODD.split("\n")[6:]])
    assert bare(FIB.replace("    return n\n", "    return n  # fib(1) -> 1\n")) == FIB
    assert bare("def f():\n    # -> 1\n    return '#'") == "def f():\n\n    return '#'"


@pytest.mark.parametrize(
    "code",
    [
        "def f(x): return x",
        "def f(x):\n    a = 1; return a",
        "def f(x):\n    return (x +\n        1)",
        "def f(x):\n    with open(x) as file:\n        return 1",
        "def f(x):\n    if x: return 1",
        "import functools\n@functools.cache\ndef f(x):\n    return x",
        "not Python (",
    ],
)
def test_programs_whose_lines_are_no_statements_are_left_out(code):
    assert bare(code) is None


SHIFTS = """def clean(text):
    text = text.strip()
    return text

def gcd(a, b):
    if not b:
        return a
    a = gcd(b, a % b)
    return a

def last(a):
    a = a + 1

def f(text, n):
    text = clean(text)
    last(n)
    found = [clean(each) for each in text]
    while n:
        for i in range(n):
            n = n - 1
    big = 10 ** 5000
    return found"""


def test_values_are_those_of_the_same_call(executor):
    task = Small((("f", SHIFTS, "f(' ab ', 3)"), ("gcd", SHIFTS, "gcd(12, 18)")))
    found: dict = {}
    for seed in range(40):
        built = build(task, executor, kinds=("state", "iterations", "coverage"), seed=seed)
        for each in built.records:
            keys = ("call", "kind", "line", "occurrence", "variable")
            found[tuple(each.get(key) for key in keys)] = each["answer"]
    f, gcd = "f(' ab ', 3)", "gcd(12, 18)"
    assert found[f, "state", 15, 1, "text"] == "'ab'"
    assert found[f, "state", 12, 1, "a"] == "4"
    assert found[f, "state", 2, 1, "text"] == "'ab'"
    assert found[f, "state", 17, 1, "found"] == "['a', 'b']"
    assert found[f, "iterations", 18, None, None] == "1"
    assert found[f, "iterations", 19, None, None] == "3"
    assert (f, "state", 21, 1, "big") not in found
    assert {found[gcd, "state", 8, n, "a"] for n in (1, 2, 3)} == {"6"}


def test_a_result_that_cannot_be_written_out_is_no_exception(executor):
    task = Small((("f", "def f(a):\n    b = 10 ** a\n    return b", "f(5000)\nf(2)"),))
    built = build(task, executor, kinds=("exception", "output"))
    asked = {(each["call"], each["kind"], each["answer"]) for each in built.records}
    assert {kind for call, kind, _ in asked if call == "f(2)"} >= {"output"}
    assert ("f(5000)", "output") not in {each[:2] for each in asked}
    assert "ValueError" not in {answer for _, kind, answer in asked if kind == "exception"}


def test_the_order_of_a_set_of_texts_is_not_asked_for(executor):
    code = "def f(words):\n    return [word for word in set(words)]"
    built = build(Small((("f", code, "f(['a', 'b'])"), *SMALL.functions)), executor)
    assert built.left_out["the order of a set of texts"] == 2
    assert not any("words" in each["code"] for each in built.records)


class Recorded(ast.NodeTransformer):
    """Has a program say what it does: another way to find the answers."""

    def visit(self, node):
        self.generic_visit(node)
        if isinstance(node, ast.For | ast.While):
            node.body.insert(0, ast.parse(f"__begun({node.lineno})").body[0])
        for name in ("body", "orelse", "finalbody"):
            body = getattr(node, name, None)
            if isinstance(body, list):
                setattr(node, name, [each for one in body for each in self.told(one)])
        return node

    def told(self, node):
        targets = getattr(node, "targets", None) or [getattr(node, "target", None)]
        yield node
        if isinstance(node, ast.Assign | ast.AugAssign | ast.AnnAssign):
            for each in targets:
                if isinstance(each, ast.Name):
                    text = f"__value({node.lineno}, {each.id!r}, {each.id})"
                    yield ast.parse(text).body[0]


def test_the_answers_of_starter_tracing_come_out_in_another_way():
    checked: Counter[str] = Counter()
    for problem in load_task("starter-tracing").problems():
        record = json.loads(problem.record["record"])
        begun: Counter[int] = Counter()
        values: dict = {}
        names = {
            "__begun": lambda line, begun=begun: begun.update([line]),
            "__value": lambda line, name, value, values=values: values.setdefault(
                (line, name), []
            ).append(repr(value)),
        }
        tree = ast.fix_missing_locations(Recorded().visit(ast.parse(record["code"])))
        exec(compile(tree, "<instrumented>", "exec"), names)
        result, error = None, "None"
        try:
            result = repr(eval(record["call"], names))
        except Exception as failure:
            error = type(failure).__name__
        kind, answer = record["kind"], record["answer"]
        if kind == "iterations":
            assert str(begun[record["line"]]) == answer, problem.id
        elif kind == "state":
            told = values[record["line"], record["variable"]]
            assert told[record["occurrence"] - 1] == answer, problem.id
        elif kind == "output":
            assert result == answer, problem.id
        elif kind == "exception":
            assert error == answer, problem.id
        else:
            continue
        checked[kind] += 1
    assert min(checked.values()) > 10


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


def test_starter_tracing_is_what_starter_gives():
    """Its answers are traced anew: with the same seed the file comes out again."""
    task = load_task("starter-tracing")
    with open_or_skip(BUBBLEWRAP) as executor:
        built = build(load_task("starter"), executor)
    assert [json.loads(line) for line in task.path.read_text().splitlines()] == built.records


@pytest.mark.parametrize("version", ["3.12", "3.13"])
def test_the_answers_of_starter_tracing_are_those_of_later_pythons(version, tmp_path):
    """Steps, values, loops, results and exceptions do not hang on the interpreter."""
    script = (
        "import json, stepper, sys\n"
        "for code, call, names, loops in json.load(sys.stdin):\n"
        "    names, loops = ({int(k): v for k, v in each.items()} for each in (names, loops))\n"
        "    print(json.dumps(stepper.examine(code, call, names, loops)))\n"
    )
    source = (resources.files("codeeval.sandbox") / "stepper.py").read_text("utf-8")
    (tmp_path / "stepper.py").write_text(source)
    path = load_task("starter-tracing").path
    given = {
        (each["code"], each["call"]) for each in map(json.loads, path.read_text().splitlines())
    }
    asked = []
    for code, call in sorted(given):
        names: dict[int, list[str]] = {}
        for line, name in assigned(code):
            names.setdefault(line, []).append(name)
        asked.append((code, call, names, dict(loops_of(code))))
    done = subprocess.run(
        [python_of(version), "-c", script],
        input=json.dumps(asked),
        capture_output=True,
        text=True,
        cwd=tmp_path,
        check=True,
    )
    for one, line in zip(asked, done.stdout.splitlines(), strict=True):
        here, there = json.loads(json.dumps(examine(*one))), json.loads(line)
        assert here.pop("runtime") != there.pop("runtime")
        assert here == there, one[:2]
