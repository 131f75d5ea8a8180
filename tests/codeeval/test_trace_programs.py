"""Questions about programs in Java and JavaScript that lie in a folder."""

from __future__ import annotations

import json
from collections import Counter

import pytest

from codeeval.sandbox.errors import CodeEvalError
from codeeval.sandbox.program import Limits
from codeeval.tasks.fresh_traces import PROGRAM_KINDS
from codeeval.tasks.registry import load_task
from codeeval.tasks.task import DataError, Sample
from codeeval.trace_building import BuildError, build_from_programs
from codeeval.traced_programs import bare, programs_in
from tests.codeeval.command import run
from tests.sandbox.conftest import open_or_skip
from tests.sandbox.test_tracing import JAVA, JAVASCRIPT, OBJECTS, STEPS

CHANCE = "if (Math.random() < 0.5) {\n    console.log(1);\n}\nconsole.log(process.pid);\n"


@pytest.fixture
def folder(tmp_path):
    """A folder with programs."""
    made = tmp_path / "my programs"
    (made / "deep").mkdir(parents=True)
    (made / "Main.java").write_text(JAVA)
    (made / "deep" / "Box.java").write_text(OBJECTS["java"])
    (made / "main.js").write_text(JAVASCRIPT)
    (made / "box.js").write_text(OBJECTS["javascript"])
    (made / "chance.js").write_text(CHANCE)
    (made / "line.js").write_text("for (let i = 0; i < 3; i++) console.log(i);\n")
    (made / "broken.java").write_text("class Main {")
    (made / "README.md").write_text("no program")
    return made


@pytest.mark.docker
def test_questions_about_programs(folder, tmp_path):
    with open_or_skip("docker", limits=Limits(memory_bytes=2**31)) as executor:
        built = build_from_programs(folder, executor, most=100)
        again = build_from_programs(folder, executor, most=100)
    assert built.records == again.records
    assert built.calls == 4
    assert built.left_out == Counter(
        {
            "a program that is long, or has a loop in one line": 1,
            "a program that cannot be compiled": 1,
            "not the same each time": 1,
        }
    )
    assert {each["kind"] for each in built.records} == set(PROGRAM_KINDS)
    sources = {each["source"] for each in built.records}
    assert sources == {
        f"my programs {name}" for name in ("Main.java", "main.js", "deep/Box.java", "box.js")
    }
    once = [line for line, after in zip(STEPS, [*STEPS[1:], 0], strict=True) if line != after]
    # Of three blank lines one is taken out.
    lines = {"Main.java": once, "main.js": [line - (line > 12) for line in once]}
    for each in built.records:
        steps = lines.get(each["source"].split()[-1])
        if steps:
            assert each["recursion"]
            assert each["loops"]
            if each["kind"] == "path":
                assert json.loads(each["answer"]) == steps
            if each["kind"] == "printed":
                assert each["answer"] == "1\n2\n-2\n"
            if each["kind"] == "coverage":
                assert (each["line"] in steps) is (each["answer"] == "YES")
        elif each["kind"] == "exception":
            assert each["answer"] in ("IllegalStateException", "RangeError")
    path = tmp_path / "trace.jsonl"
    path.write_text("".join(json.dumps(each) + "\n" for each in built.records))
    task = load_task("trace", data_file=path)
    for problem in task.problems():
        language = json.loads(problem.record["record"])["language"]
        assert f"[{language.upper()}]\n1\t" in problem.prompt
        assert "[CALL]" not in problem.prompt
        assert "Python" not in problem.prompt
        reply = Sample(problem.id, 0, solution=f"[ANSWER]\n{problem.reference}\n[/ANSWER]")
        assert task.answer(problem, reply).status == "passed", problem.record
        other = Sample(problem.id, 0, solution="[ANSWER] 77 [/ANSWER]")
        assert task.answer(problem, other).status != "passed"


@pytest.mark.docker
def test_the_command(folder, tmp_path):
    words = ("trace", "build", folder, "--sandbox", "docker", "--kinds", "path,printed")
    done = run(*words, "--output", tmp_path / "trace.jsonl", cwd=tmp_path)
    assert done.code == 0, done.err
    assert "left out: 1 for a program that cannot be compiled" in done.err
    records = [json.loads(line) for line in (tmp_path / "trace.jsonl").read_text().splitlines()]
    assert {each["kind"] for each in records} == {"path", "printed"}
    done = run(*words[:-1], "state", cwd=tmp_path)
    assert (done.code, "--kinds" in done.err) == (2, True)


@pytest.mark.docker
def test_a_folder_of_which_nothing_can_be_traced(tmp_path):
    (tmp_path / "broken.java").write_text("class Main {")
    with (
        open_or_skip("docker", limits=Limits(memory_bytes=2**31)) as executor,
        pytest.raises(BuildError, match="left out: 1 for a program that cannot be compiled"),
    ):
        build_from_programs(tmp_path, executor)


def test_a_folder_without_programs(tmp_path):
    with pytest.raises(CodeEvalError, match=r"no file in it whose name ends in \.java \.js \.cjs"):
        programs_in(tmp_path)


def test_comments_go_and_texts_stay():
    code = "let a = '// no'; // yes\n/* one\ntwo */\nlet b = `/* no */`;\n\n\n\n\nlet c;\n"
    assert bare(code) == "let a = '// no';\n\nlet b = `/* no */`;\n\nlet c;"


@pytest.mark.parametrize(
    ("line", "is_head"),
    [
        ("for (const a of b) {", True),
        ("while (x)", True),
        ("while (a &&", True),
        ("} while (a < b);", True),
        ("do {", True),
        ("for (;;) f();", False),
        ("while (f());", False),
        ("let s = 'for ever';", True),
        ("foreach(f);", True),
    ],
)
def test_loops_in_one_line(line, is_head):
    assert (bare(line) is not None) is is_head


def test_a_language_that_is_not_known(tmp_path):
    path = tmp_path / "trace.jsonl"
    record = {"task_id": "Trace/0", "kind": "next", "code": "", "call": "", "answer": "1"}
    path.write_text(json.dumps({**record, "language": "cobol"}))
    with pytest.raises(DataError, match="'language' must be one of python, java, javascript, not"):
        list(load_task("trace", data_file=path).problems())
