"""Programs in a language that is compiled: one step that compiles, others that run."""

from __future__ import annotations

from dataclasses import replace

import pytest

from codeeval.sandbox.errors import SandboxUnavailable
from codeeval.sandbox.languages import LANGUAGES, Language
from codeeval.sandbox.program import Asserts, Limits, Program, Stdio
from codeeval.sandbox.verdict import Status
from tests.sandbox.conftest import UNSAFE
from tests.sandbox.programs import LIMITS

CASES = (("3 4\n", "7\n"), ("1 1\n", "2\n"))
ADD = """#include <iostream>
int main() {{ int a, b; std::cin >> a >> b; {} std::cout << a + b << std::endl; {} }}
"""
FAST = replace(LIMITS, cpu_seconds=1.0, wall_seconds=2.0)


def cpp(source: str, *cases: tuple[str, str], limits: Limits = FAST, flags=()) -> Program:
    return Program(source, (Stdio(cases or CASES),), limits, language="cpp", flags=flags)


PROGRAMS = {
    "not C++": (ADD.format("int c = d;", ""), Status.COMPILE_ERROR, "'d' was not declared"),
    "nothing": ("", Status.COMPILE_ERROR, "g++ ended with exit status 1"),
    "an exception": (ADD.format("throw 3;", ""), Status.RUNTIME_ERROR, "SIGABRT"),
    "a crash": (ADD.format("*(volatile int*)0 = 1;", ""), Status.RUNTIME_ERROR, "SIGSEGV"),
    "for ever": (ADD.format("for (;;) a++;", ""), Status.TIMEOUT, "CPU time limit of 1 s"),
    "an heir": (
        "#include <unistd.h>\n" + ADD.format("if (fork() == 0) for (;;) pause();", ""),
        Status.PASSED,
        "",
    ),
}


@pytest.mark.parametrize("name", PROGRAMS)
def test_statuses(executor, name):
    source, status, message = PROGRAMS[name]
    verdict = executor.run(cpp(source))
    assert (verdict.status, verdict.sealed) == (status, True)
    assert message in verdict.message.replace("‘", "'").replace("’", "'")


def test_what_the_compiler_says_is_kept(executor):
    verdict = executor.run(cpp(ADD.format("int c = d;", "")))
    assert "program.cpp:2:" in verdict.stderr
    assert verdict.results[0].total == 1
    assert verdict.usage.cpu_seconds > 0


def test_one_test_after_the_other_and_each_failure(executor):
    check = Stdio((*CASES, ("2 2\n", "5\n"), ("2 3\n", "6\n")), all_failures=True)
    program = Program(ADD.format("", ""), (check, Stdio(CASES, name="more")), FAST, "cpp")
    verdict = executor.run(program)
    assert [(each.status, each.failures) for each in verdict.results] == [
        (Status.WRONG_ANSWER, (2, 3)),
        (Status.PASSED, ()),
    ]


def test_a_program_that_cannot_be_compiled_fails_each_check(executor):
    checks = (Stdio(CASES, name="base"), Stdio(CASES, name="plus"))
    verdict = executor.run(Program("int main", checks, FAST, "cpp"))
    assert [(each.name, each.status) for each in verdict.results] == [
        ("base", Status.COMPILE_ERROR),
        ("plus", Status.COMPILE_ERROR),
    ]


@pytest.mark.parametrize(
    "source",
    [
        pytest.param("#include __FILE__\n", id="includes itself"),
        pytest.param("char much[1 << 28] = {1};\nint main() {}", id="a large program"),
        pytest.param(
            "template<long n> struct T { T<n + 1> t; };\nT<0> t;\nint main() {}", id="no end"
        ),
    ],
)
def test_a_compiler_that_is_abused(executor, source):
    assert executor.run(cpp(source)).status is Status.COMPILE_ERROR
    assert executor.run(cpp(ADD.format("", ""))).status is Status.PASSED


def test_no_program_changes_what_runs_next(executor):
    """It is a file of its own, which nobody can write to; and nothing is left where it ran."""
    source = """#include <cstdio>
#include <fcntl.h>
#include <initializer_list>
#include <sys/stat.h>
#include <unistd.h>
int main() {
    int a, b, left = access("left", F_OK) == 0;
    FILE* file = fopen("left", "w");
    for (const char* name : {"/proc/self/exe", "/proc/self/fd/4", "/tmp/sample/program"}) {
        if (fork() == 0) {
            for (int i = 0; i < 100; i++) {
                int own = open(name, O_WRONLY | O_TRUNC);
                if (own >= 0) write(own, "#!/bin/false", 12);
                usleep(1000);
            }
            _exit(0);
        }
    }
    scanf("%d %d", &a, &b);
    printf("%d\\n", a + b + left);
}
"""
    assert executor.run(cpp(source, *CASES, *CASES)).message == ""


def test_flags_of_the_compiler(executor):
    source = "#include <iostream>\nint main() { std::cout << WHAT; }"
    assert executor.run(cpp(source, ("", "5"), flags=("-DWHAT=5",))).status is Status.PASSED
    assert executor.run(cpp(source, ("", "5"))).status is Status.COMPILE_ERROR


def test_languages_in_turn(executor):
    python = Program("print(sum(map(int, input().split())))", (Stdio(CASES),), FAST)
    programs = [python, cpp(ADD.format("", ""))] * 2
    assert [each.status for each in executor.run_many(programs)] == [Status.PASSED] * 4


def test_a_program_has_a_language():
    with pytest.raises(ValueError, match="no language 'klingon'; known: python, ada, "):
        replace(cpp(""), language="klingon")
    with pytest.raises(ValueError, match="Python takes no flags of a compiler: -O"):
        replace(cpp("", flags=("-O",)), language="python")
    assert cpp("", flags=("-O",)).digest != cpp("").digest


def test_tests_in_python_are_for_python():
    with pytest.raises(ValueError, match="Asserts cannot check a program in cpp"):
        Program("", (Asserts("assert f()"),), language="cpp")


def test_without_a_compiler_the_error_says_so(own_executor, monkeypatch):
    lacking = Language("C++", compiler=("g++-0", "program.cpp"), source="program.cpp")
    monkeypatch.setitem(LANGUAGES, "cpp", lacking)
    with pytest.raises(SandboxUnavailable, match=r"no command 'g\+\+-0' in this sandbox"):
        own_executor(UNSAFE).run(cpp("int main() {}"))
