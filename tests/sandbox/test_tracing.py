"""Programs in Java and JavaScript are traced as those in Python are: the same steps and calls."""

from __future__ import annotations

import pytest

from codeeval.sandbox.program import Limits
from codeeval.sandbox.tracing import TRACED, program_traces
from tests.sandbox.conftest import open_or_skip

pytestmark = pytest.mark.docker
JAVA = """class Main {
    static int fib(int n) {
        if (n < 2) {
            return n;
        }
        return fib(n - 1) + fib(n - 2);
    }

    static void nothing() {
    }

    public static void main(String[] arguments) {
        int total = 0;
        for (int i = 1; i < 3; i++) {
            total += fib(i);
        }
        nothing();
        try {
            Integer.parseInt("x");
        } catch (NumberFormatException error) {
            total = -total;
        }
        java.util.List.of(1, 2).forEach(
            n -> System.out.println(n));
        System.out.println(total);
    }
}
"""
JAVASCRIPT = """function fib(n) {
    //
    if (n < 2) {
        return n;
    }
    return fib(n - 1) + fib(n - 2);
}

function nothing() {
}


let total = 0;
for (let i = 1; i < 3; i++) {
    total += fib(i);
}
nothing();
try {
    JSON.parse('x');
} catch (error) {
    total = -total;
}
[1, 2].forEach(
    n => console.log(n));
console.log(total);
"""
STEPS = [
    *(13, 14, 15, 3, 4, 14, 15, 3, 6, 3, 4, 3, 4, 14),
    *(17, 19, 21, 23, 24, 24, 25),
]
FRAMES = [0, 0, 0, 1, 1, 0, 0, 2, 2, 3, 3, 4, 4, 0]
SAME = {"java": JAVA, "javascript": JAVASCRIPT}
OBJECTS = {
    "java": """class Box {
    private int size = 3;

    Box(int more) {
        size += more;
    }
}

class Main {
    public static void main(String[] arguments) {
        Box box = new Box(4);
        throw new IllegalStateException("no");
    }
}
""",
    "javascript": """class Box {
    size = 3;

    constructor(more) {
        this.size += more;
    }
}


let box;
box = new Box(4);
throw new RangeError('no');
""",
}
LINES = {
    "java": "class Main {\n  public static void main(String[] a) throws Exception {\nHERE\n}\n}\n",
    "javascript": "HERE\n",
}
LONG = {
    "java": "for (long i = 0; ; i++) {\n i += 2;\n}",
    "javascript": "for (let i = 0; ; i++) {\n i += 2;\n}",
}
WAITING = {
    "java": "Thread.sleep(60000);",
    "javascript": "Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);",
}
BROKEN = {"java": "int i = ;", "javascript": "let i = ;"}


@pytest.fixture(scope="module")
def executor():
    with open_or_skip("docker", limits=Limits(memory_bytes=2**31)) as opened:
        yield opened


@pytest.mark.parametrize("language", TRACED)
def test_steps_calls_and_exceptions(executor, language):
    first, second = program_traces(executor, language, [SAME[language], OBJECTS[language]])
    assert first["steps"] == STEPS
    assert first["frames"][: len(FRAMES)] == FRAMES
    names = [name.rpartition(".")[2] for name, _, _ in first["calls"]]
    assert names[1:6] == ["fib", "fib", "fib", "fib", "nothing"]
    assert [depth for _, depth, _ in first["calls"]] == [0, 1, 1, 2, 2, 1, 1, 1]
    assert {thread for _, _, thread in first["calls"]} == {0}
    error = "NumberFormatException" if language == "java" else "SyntaxError"
    assert first["raised"] == [[16, error, 0]]
    assert (first["printed"], first["error"]) == ("1\n2\n-2\n", "")
    assert set(STEPS) <= set(first["statements"])
    assert (second["steps"][-4:], first["failure"]) == ([11, 2, 5, 12], "")
    assert second["error"] == ("IllegalStateException" if language == "java" else "RangeError")
    assert not first["is_cut"]


@pytest.mark.parametrize("language", TRACED)
def test_what_cannot_be_traced_to_its_end(executor, language):
    """It is said of each program by itself, and others are traced all the same."""
    parts = (LONG, WAITING, BROKEN)
    programs = [LINES[language].replace("HERE", part[language]) for part in parts]
    traces = program_traces(
        executor, language, [*programs, SAME[language]], most_steps=50, seconds=4
    )
    cut, late, broken, good = traces
    assert (len(cut["steps"]), cut["is_cut"], cut["failure"]) == (50, True, "")
    assert late["failure"] == "takes long"
    assert broken["failure"].startswith("cannot be compiled: ")
    assert (good["steps"], good["failure"]) == (STEPS, "")


def test_threads_of_java(executor):
    work = "Thread other = new Thread(() -> {\n System.out.println(7);\n});\nother.start();\n"
    source = LINES["java"].replace("HERE", work + "other.join();")
    (found,) = program_traces(executor, "java", [source])
    assert sorted(found["steps"]) == [3, 4, 6, 7]
    assert {thread for _, _, thread in found["calls"]} == {0, 1}
    assert found["printed"] == "7\n"


def test_what_javascript_does_later(executor):
    source = (
        "let n = 1;\nsetTimeout(() => {\n  n = 2;\n}, 1);\n"
        "Promise.resolve().then(() => {\n  n = 3;\n});\n"
    )
    (found,) = program_traces(executor, "javascript", [source])
    assert found["steps"] == [1, 2, 5, 6, 3]


def test_other_languages_have_no_tracer(executor):
    with pytest.raises(ValueError, match="no tracer for 'go'; there are java, javascript"):
        program_traces(executor, "go", [""])
    assert program_traces(executor, "java", []) == []
