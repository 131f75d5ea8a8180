"""The tracer sees what the published traces say, by both of its ways."""

from __future__ import annotations

import csv
import gzip
import hashlib
import json
import re
import shutil
import subprocess
import sys
from importlib import resources
from pathlib import Path

import pytest

from codeeval.sandbox.codec import decode, encode, pack, unpack
from codeeval.sandbox.program import Blob, Limits, Outputs, Program
from codeeval.sandbox.states import branches
from codeeval.sandbox.tracer import reval, traced
from codeeval.tasks.traces import collapsed, steps_in
from tests.data import data_path
from tests.sandbox.conftest import open_or_skip

TRACER = (resources.files("codeeval.sandbox") / "tracer.py").read_text("utf-8")
LIMITS = Limits(cpu_seconds=300, wall_seconds=600, memory_bytes=2**31)
LOOP = (
    "def f(n):\n    t = 0\n    for i in range(n):\n        if i % 2:\n            t += i\n"
    "    return t\n"
)
FIB = "def g(n):\n    if n < 2:\n        return n\n    return g(n - 1) + g(n - 2)\n"
MANY_LINES = "def f(n):\n    return [i\n            for i in range(n)\n            if i]\n"
PROGRAMS = [
    (LOOP, "f(4)"),
    (FIB, "g(5)"),
    ("def f(n):\n    while n > 1: n = n // 2\n    return n\n", "f(9)"),
    ("def f(n):\n    return [i for i in range(n) if i]\n", "f(3)"),
    (MANY_LINES, "f(3)"),
    (
        "def f(n):\n    try:\n        n /= 0\n    except ArithmeticError:\n        return 0\n",
        "f(1)",
    ),
    ("def f(n):\n    def g():\n        yield from range(n)\n    return sum(g())\n", "f(3)"),
    ("def f(n):\n    return sum(i * i for i in range(n))\n", "f(3)"),
    ("def f(n):\n    for i in range(n): pass\n    else:\n        n = 1\n    return n\n", "f(2)"),
    ("def f(n):\n    if n:\n        raise ValueError(n)\n", "f(2)"),
    ("def k(n):\n    return -n\ndef f(n):\n    return sorted(range(n), key=k)\n", "f(3)"),
    (
        (
            "def g(n):\n    for i in range(n):\n        yield i\n"
            "def f(n):\n    a, b = g(n), g(n)\n    return [next(a), next(b), next(a), *b]\n"
        ),
        "f(3)",
    ),
    (
        (
            "def h(n):\n    try:\n        raise KeyError(n)\n    finally:\n        n = 0\n"
            "def f(n):\n    for i in range(n):\n        try:\n            h(i)\n"
            "        except KeyError:\n            continue\n    return h(n)\n"
        ),
        "f(2)",
    ),
]


def test_steps_are_the_lines_in_order():
    found = traced(LOOP, "f(4)")
    assert found["steps"] == [2, 3, 4, 3, 4, 5, 3, 4, 3, 4, 5, 3, 6]
    assert found["result"] == "4"
    assert (found["error"], found["is_cut"]) == ("", False)
    assert found["calls"] == [("f", 0, 0)]


def test_calls_have_names_and_depths():
    found = traced(FIB, "g(3)")
    assert found["steps"] == [2, 4, 2, 4, 2, 3, 2, 3, 2, 3]
    assert found["frames"] == [0, 0, 1, 1, 2, 2, 3, 3, 4, 4]
    assert [depth for _, depth, _ in found["calls"]] == [0, 1, 2, 2, 1]


def test_exceptions_and_ends_are_told():
    found = traced("def f():\n    x = 1\n    return x / 0\n", "f()")
    assert found["steps"] == [2, 3]
    assert found["raised"] == [(2, "ZeroDivisionError", 0)]
    assert found["error"] == "ZeroDivisionError"


def test_a_program_can_be_the_trace():
    code = "def f():\n    return 1\nif __name__ == '__main__':\n    f()\n    print()\n"
    assert traced(code, "")["steps"] == [1, 3, 4, 2, 5]


def test_steps_beyond_the_most_are_left_out():
    found = traced(
        "def f():\n    for i in range(10**5):\n        pass\n    return 7\n", "f()", most_steps=50
    )
    assert len(found["steps"]) == 50
    assert (found["is_cut"], found["result"]) == (True, "7")


def test_threads_are_watched():
    code = (
        "import threading\ndef work():\n    return 1\ndef f():\n"
        "    t = threading.Thread(target=work)\n    t.start()\n    t.join()\n"
    )
    found = traced(code, "f()", by="settrace")
    assert sorted(set(found["steps"])) == [3, 5, 6, 7]
    assert {thread for _, _, thread in found["calls"]} == {0, 1}


def test_nothing_is_watched_afterwards():
    traced(LOOP, "f(1)")
    assert sys.gettrace() is None


def test_library_code_is_no_part_of_a_trace():
    code = "import json\ndef f():\n    return json.dumps([1, 2])\n"
    assert traced(code, "f()")["steps"] == [3]


def python_of(version: str) -> Path:
    """Return another interpreter, from beside this one or from the path."""
    beside = sorted(Path(sys.base_prefix).parent.glob(f"{version}*/bin/python{version}"))
    found = [*beside, *map(Path, filter(None, [shutil.which(f"python{version}")]))]
    if not found:
        pytest.skip(f"there is no Python {version}")
    return found[0]


@pytest.mark.parametrize("version", ["3.12", "3.13"])
def test_both_ways_see_the_same(version, tmp_path):
    python = python_of(version)
    path = tmp_path / "tracer.py"
    path.write_text(TRACER)
    script = (
        "import json, sys, tracer\n"
        "for source, call in json.load(sys.stdin):\n"
        "    print(json.dumps([tracer.traced(source, call, by=by) for by in ('settrace', '')]))\n"
    )
    done = subprocess.run(
        [python, "-c", script],
        input=json.dumps(PROGRAMS),
        capture_output=True,
        text=True,
        cwd=tmp_path,
        check=True,
    )
    for (source, call), line in zip(PROGRAMS, done.stdout.splitlines(), strict=True):
        slow, quick = json.loads(line)
        here = traced(source, call)
        assert collapsed(slow["steps"]) == collapsed(quick["steps"]), source
        if source is not MANY_LINES:  # which has a frame of its own before 3.12
            assert collapsed(here["steps"]) == collapsed(quick["steps"]), source
        assert slow["result"] == quick["result"] == here["result"]
        assert slow["error"] == quick["error"] == here["error"]
        assert {name for _, name, _ in slow["raised"]} == {name for _, name, _ in quick["raised"]}
        if version == "3.12":
            assert slow["steps"] == quick["steps"]
            assert slow["frames"] == quick["frames"]
            assert slow["calls"] == quick["calls"]
            assert branches(source, slow) == branches(source, quick)


def sandboxed(entry_point: str, calls: list[tuple]) -> list:
    """Call a function of the tracer in the sandbox."""
    inputs = Blob(pack([encode(call) for call in calls]))
    outputs = Outputs(entry_point, inputs, whole=True)
    with open_or_skip("bubblewrap", limits=LIMITS) as executor:
        truth = executor.truth(Program(TRACER, (outputs,), LIMITS))
    return [decode(each) for each in unpack(truth.expected.data)]


def rows(name: str) -> list[dict[str, str]]:
    csv.field_size_limit(sys.maxsize)
    path = data_path(f"tracing/coconut/{name}")
    with gzip.open(path, "rt") if path.suffix == ".gz" else path.open() as file:
        return list(csv.DictReader(file))


@pytest.mark.slow
@pytest.mark.skipif(sys.version_info[:2] != (3, 11), reason="the traces are those of 3.10 and 3.11")
def test_the_published_traces_of_calls_come_out_alike():
    calls, expected = [], []
    for row in rows("humaneval_traces.csv"):
        source = re.sub(r"  # \d+$", "", row["Code_Indices"], flags=re.MULTILINE)
        given = eval(f"({row['FunctionCall']},)", {})
        arguments = given[0] if len(given) == 1 and isinstance(given[0], tuple) else given
        calls.append(
            (
                source,
                f"{row['Name']}(*{arguments!r})",
                "<program>",
                ("<string>",),
                10_000,
                "settrace",
            )
        )
        expected.append(steps_in(row["ExecutedLines"]))
    found = [each["steps"] for each in sandboxed("traced", calls)]
    assert sum(a == b for a, b in zip(found, expected, strict=True)) == 1083


MAIN = re.compile(r"if __name__ == ['\"]__main__['\"]\s*:")
RUN = """

def run(source):
    import builtins, collections, contextlib, io, math, threading, typing
    for module in (typing, collections, math, threading):  # which some programs do not import
        for name in (name for name in dir(module) if not name.startswith("_")):
            builtins.__dict__.setdefault(name, getattr(module, name))
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        return traced(source, "", "<string>", most_steps=30_000, by="settrace")
"""


@pytest.mark.slow
@pytest.mark.skipif(sys.version_info[:2] != (3, 11), reason="the traces are those of 3.10 and 3.11")
@pytest.mark.parametrize(
    ("name", "alike", "short"),
    [("oop_traces.csv", 200, 200), ("recursion_traces.csv.gz", 314, 322)],
)
def test_the_published_traces_of_programs_come_out_alike(name, alike, short):
    """Eight of those with less than 20,000 steps need a display, or a library that is not there."""
    folder = data_path(f"tracing/coconut/{name}").parent
    found = expected = 0
    with open_or_skip("bubblewrap", limits=LIMITS) as executor:
        for number, row in enumerate(rows(name)):
            published = steps_in(row["ExecutedLines"])
            if published is None or len(published) >= 20_000:
                continue
            expected += 1
            file = f"{row['Filename']}_trace_{number % 5 + 1}.py"
            path = folder / "programs" / "prepared" / row["Category"] / "Python" / file
            source = path.read_text()
            lines = enumerate(source.split("\n"), 1)
            main = next((place for place, line in lines if MAIN.match(line)), 0)
            call = Outputs("run", Blob(pack([encode((source,))])), whole=True)
            truth = executor.truth(Program(TRACER + RUN, (call,), LIMITS))
            steps = decode(unpack(truth.expected.data)[0])["steps"]
            start = next((place for place, line in enumerate(steps) if line > main), 0)
            found += steps[start:] == published
    assert (found, expected) == (alike, short)


@pytest.mark.slow
def test_reval_s_functions_have_the_expected_answers():
    folder = data_path("tracing/reval/DREval_data.jsonl").parent
    data, tasks, expected = (
        list(map(json.loads, (folder / f"{name}.jsonl").read_text().splitlines()))
        for name in ("DREval_data", "DREval_tasks", "expected_humaneval_part")
    )
    calls, places = [], []
    for record, task in zip(data[:85], tasks, strict=False):
        for given in task["tasks"]:
            number = given["input_idx"]
            points = [(point["lineno"], point["var"]) for point in given["task"]]
            call = f"{record['entry_point']}(*{record['inputs'][number]})"
            calls.append((record["code"], call, points))
            places += [(task["idx"], number, line, variable) for line, variable in points]
    answers = [answer for each in sandboxed("reval", calls) for answer in each]
    listed = [
        [*place, covered, following]
        for place, (covered, following, _, _) in zip(places, answers, strict=True)
    ]
    text = json.dumps(listed, separators=(",", ":"))
    assert (
        hashlib.sha256(text.encode()).hexdigest()
        == "4f7a2bf598234e399c858f8b6f37db0944d2e35a82c0cf3bc7616a4a2da2afea"
    )
    values = [values for _, _, values, _ in answers]
    assert values == [each["values"] for each in expected]


@pytest.mark.parametrize(
    ("call", "line", "variable", "answer"),
    [
        ("f(4)", 5, "t", (True, [3], ["1", "4"])),
        ("f(4)", 4, "t", (True, [3, 5], ["0", "0", "1", "1"])),
        ("f(4)", 2, "i", (True, [3], None)),
        ("f(4)", 6, "t", (True, [-1], ["4"])),
        ("f(1)", 5, "t", (False, [-1], None)),
    ],
)
def test_reval_s_worked_answers(call, line, variable, answer):
    assert tuple(reval(LOOP, call, [(line, variable)])[0][:3]) == answer


def test_a_return_is_a_visit_in_reval_s_sense():
    assert reval(FIB, "g(3)", [(4, "n")])[0][1] == [-1, 2]


def test_expressions_combine_values():
    code = (
        "class A:\n    b = 3\ndef f(x):\n    a = A()\n    d = {1: [5]}\n    k = 1\n    return a\n"
    )
    (first, second, third, fourth) = reval(
        code, "f(2)", [(6, "a.b"), (6, "d[k]"), (6, "(x, k)"), (6, "d[k][9]")]
    )
    assert first[2:] == (["3"], ["int"])
    assert second[2:] == (["[5]"], ["list"])
    assert third[2] == ["(2, 1)"]
    assert fourth[2] is None
