"""The starter benchmark in other languages: solved, and translated from one to another."""

from __future__ import annotations

import json

import pytest

from codeeval.cli.app import main
from codeeval.sandbox.verdict import Status
from codeeval.tasks.registry import load_task
from codeeval.tasks.starter_languages import (
    TYPED,
    CToRust,
    StarterMultilingual,
    is_unsafe,
    solutions,
    solved_languages,
)
from codeeval.tasks.task import Sample, TaskOptionError
from tests.sandbox.conftest import open_or_skip

IDS = [f"Starter/{number}" for number in range(48)]
SOLVED = ("c", "cpp", "go", "java", "javascript", "lua", "python", "ruby", "rust", "typescript")
NOT_IN_C = {"Starter/6", "Starter/18", "Starter/23", "Starter/41"}
"""They have dictionaries."""


def test_solutions_in_each_language():
    assert solved_languages() == SOLVED
    for language in SOLVED:
        expected = [each for each in IDS if language != "c" or each not in NOT_IN_C]
        assert list(solutions(language)) == expected
        assert all(text.strip() for text in solutions(language).values())


@pytest.mark.parametrize("language", SOLVED)
def test_problems(language):
    task = load_task("starter-multilingual", language=language)
    problems = {problem.id: problem for problem in task.problems()}
    assert set(IDS) - set(problems) == set(task.refused) == (NOT_IN_C if language == "c" else set())
    assert all(problem.reference for problem in problems.values())
    assert problems["Starter/0"].metadata["difficulty"] == "easy"
    assert problems["Starter/0"].language == language


def test_a_translation_is_asked_for():
    task = load_task("starter-multilingual", language="go", source_language="rust")
    problem = next(iter(task.problems()))
    first, title, head, *_ = problem.prompt.split("\n")
    assert (first, title) == ("code translation", "Rust:")
    assert head == "fn longest_calm(wind: Vec<isize>, limit: isize) -> isize {"
    assert problem.prompt.endswith("func longest_calm(wind []int, limit int) int {\n")
    assert "\nGo:\npackage longest_calm_test\n" in problem.prompt
    assert task.source(problem, Sample(problem.id, 0, completion="  X\n}\n")).startswith("package ")
    plain = load_task("starter-multilingual", language="go")
    assert task.digest != plain.digest


def test_what_there_is_no_solution_of_is_left_out():
    task = load_task("starter-multilingual", language="java", source_language="c")
    assert {*IDS} - {problem.id for problem in task.problems()} == NOT_IN_C


def test_options():
    with pytest.raises(TaskOptionError, match=r"language must be one of ada, .*, not 'klingon'"):
        StarterMultilingual(language="klingon")
    with pytest.raises(TaskOptionError, match=r"source_language must be one of c, .*, not 'bash'"):
        StarterMultilingual(source_language="bash")
    with pytest.raises(TaskOptionError, match="source_language is 'rust', the language itself"):
        StarterMultilingual(source_language="rust")
    with pytest.raises(TaskOptionError, match="translates from c to rust only"):
        CToRust(language="go")


@pytest.mark.parametrize(
    ("code", "unsafe"),
    [
        ("fn f() { unsafe { g() } }", True),
        ("unsafe fn f() {}", True),
        ('fn f() { /* unsafe */ g("unsafe") } // unsafe\n', False),
        ("fn unsafer() { let unsafe_ = 1; }", False),
        ('fn f() { let _p = r"\\"; unsafe { g() } }', True),
        ('fn f() { let _p = "\n"; unsafe { g() } }', True),
    ],
)
def test_the_word_unsafe(code, unsafe):
    assert is_unsafe(code) == unsafe


def test_what_is_said_beside_the_code_does_not_count():
    task = load_task("c-to-rust")
    problem = next(iter(task.problems()))
    for text in (
        f"It is not unsafe:\n```rust\n{problem.reference}\n```\n",
        f"```c++\nunsafe\n```\nIn Rust:\n```rust\n{problem.reference}\n```\n",
    ):
        program = task.program(problem, Sample(problem.id, 0, solution=text))
        assert [check.name for check in program.checks] == ["safe"]


@pytest.mark.parametrize("language", ["swift", "julia"])
def test_languages_that_are_not_run(language):
    with pytest.raises(TaskOptionError, match="language must be one of"):
        load_task("starter-multilingual", language=language)


@pytest.mark.parametrize("sandbox", ["bubblewrap"])
def test_the_typed_problems_are_those_of_starter(sandbox, tmp_path):
    assert main(["translate", "starter", "--to", "python", "--output", str(tmp_path),
                 "--sandbox", sandbox]) == 0  # fmt: skip
    made = (tmp_path / "starter-python.jsonl").read_text()
    assert made == TYPED.read_text()
    assert len([json.loads(line) for line in made.splitlines()]) == 48


@pytest.mark.docker
@pytest.mark.parametrize("language", SOLVED)
def test_solutions_pass_and_stubs_do_not(language):
    """Some of them; all are judged by ``tests/benchmarks/canonical.py``."""
    task = load_task("starter-multilingual", language=language)
    problems = list(task.problems())[SOLVED.index(language) % 6 :: 6]
    right = [Sample(each.id, 0, solution=each.reference) for each in problems]
    with open_or_skip("docker", limits=task.limits) as executor:
        pairs = list(zip(problems, right, strict=True))
        for verdict in executor.run_many([task.program(*pair) for pair in pairs]):
            assert verdict.status is Status.PASSED, (verdict.message, verdict.stderr)
        other = {each.id: each for each in task.problems()}["Starter/0"]
        swapped = solutions(language)["Starter/0"].replace("<= limit", "< limit")
        swapped = swapped.replace("> limit", ">= limit")
        assert swapped != solutions(language)["Starter/0"]
        verdict = executor.run(task.program(other, Sample(other.id, 0, solution=swapped)))
        assert verdict.status is Status.WRONG_ANSWER, (verdict.message, verdict.stderr)


@pytest.mark.docker
def test_c_to_rust_tells_what_is_safe():
    task = load_task("c-to-rust")
    problem = next(each for each in task.problems() if each.id == "Starter/4")
    safe = problem.reference
    hidden = safe.replace("{\n", "{\n    let _ = unsafe { *(&1isize as *const isize) };\n", 1)
    wrong = safe.replace("-1", "-2")
    assert len({safe, hidden, wrong}) == 3
    found = []
    with open_or_skip("docker", limits=task.limits) as executor:
        for text in (safe, hidden, wrong):
            verdict = executor.run(task.program(problem, Sample(problem.id, 0, solution=text)))
            found.append(task.score(problem, verdict))
    assert found == [
        {"pass": 1.0, "safe": 1.0},
        {"pass": 1.0, "safe": 0.0},
        {"pass": 0.0, "safe": 0.0},
    ]
