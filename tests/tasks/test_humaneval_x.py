"""HumanEval-X: problems in six languages with tests of their own, and translations between them."""

from __future__ import annotations

import json

import pytest

from codeeval.sandbox.verdict import Status
from codeeval.tasks.endings import before_margin
from codeeval.tasks.humaneval_x import LANGUAGES, LIMITS
from codeeval.tasks.registry import load_task
from codeeval.tasks.task import DataError, Sample, TaskOptionError
from tests.data import data_path
from tests.sandbox.conftest import open_or_skip

TWICE = {
    "cpp": {
        "task_id": "CPP/0",
        "declaration": "#include<vector>\nusing namespace std;\nint twice(int n){\n",
        "canonical_solution": "    vector<int> both = {n};\n    return both[0] + n;\n}\n\n",
        "test": "#undef NDEBUG\n#include<assert.h>\nint main(){\n    assert (twice(4)==8);\n}\n",
    },
    "go": {
        "task_id": "Go/0",
        "declaration": "\nfunc Twice(n int) int {\n",
        "canonical_solution": "    return n + int(math.Floor(float64(n)))\n}\n\n",
        "test": (
            "func TestTwice(t *testing.T) {\n    assert := assert.New(t)\n"
            "    assert.Equal(8, Twice(4))\n}\n"
        ),
        "test_setup": (
            'package main\n\nimport (\n    "testing"\n    "github.com/stretchr/testify/assert"\n)\n'
        ),
    },
    "java": {
        "task_id": "Java/0",
        "declaration": "import java.util.*;\n\nclass Solution {\n    public int twice(int n) {\n",
        "canonical_solution": "        return n + n;\n    }\n}",
        "test": (
            "public class Main {\n    public static void main(String[] args) {\n"
            "        if (new Solution().twice(4) != 8) {\n"
            "            throw new AssertionError();\n        }\n    }\n}\n"
        ),
    },
    "javascript": {
        "task_id": "JavaScript/0",
        "declaration": "\nconst twice = (n) => {\n",
        "canonical_solution": "  return n + n;\n}\n\n",
        "test": "const testTwice = () => {\n  console.assert(twice(4) === 8)\n}\n\ntestTwice()\n",
    },
    "python": {
        "task_id": "Python/0",
        "declaration": "from typing import List\n\n\ndef twice(n: int) -> int:\n",
        "canonical_solution": "    return n + n\n",
        "test": "\n\ndef check(twice):\n    assert twice(4) == 8\n\ncheck(twice)\n",
    },
    "rust": {
        "task_id": "Rust/0",
        "prompt": "\n/*\n Twice the number.\n*/\n",
        "declaration": (
            "\nuse std::collections::HashMap;\nuse rand::Rng;\nuse md5;\n\n"
            "fn twice(n:i32) -> i32{\n"
        ),
        "canonical_solution": (
            "    let m: HashMap<i32, i32> = HashMap::from([(n, n)]);\n    n + m[&n]\n}\n"
        ),
        "test": (
            "\n#[cfg(test)]\nmod tests {\n    use super::*;\n\n    #[test]\n"
            "    fn test_twice() {\n        assert_eq!(twice(4), 8);\n    }\n}\n"
        ),
    },
}


@pytest.fixture
def task_of(tmp_path):
    """Return a function that makes the task of a language from the problems above."""

    def make(language: str, **options):
        for name, record in TWICE.items():
            path = tmp_path / f"humaneval_{LANGUAGES[name][0]}.jsonl"
            row = {"prompt": record["declaration"], **record}
            path.write_text(json.dumps(row) + "\n")
        path = tmp_path / f"humaneval_{LANGUAGES[language][0]}.jsonl"
        return load_task("humaneval-x", language=language, data_file=path, **options)

    return make


@pytest.fixture(scope="module")
def executor():
    with open_or_skip("docker", limits=LIMITS) as opened:
        yield opened


def samples_of(problem, record):
    body = record["canonical_solution"]
    return [
        Sample(problem.id, 0, completion=body),
        Sample(problem.id, 1, solution=f"Here:\n```\n{problem.reference}\n```\n"),
        Sample(problem.id, 2, completion=f"{body}\n{body}"),
        Sample(problem.id, 3, completion=body.replace("n", "n", 1).replace("+", "-")),
    ]


@pytest.mark.docker
@pytest.mark.parametrize("language", LANGUAGES)
def test_solutions_are_judged(language, task_of, executor):
    task = task_of(language)
    (problem,) = task.problems()
    programs = [task.program(problem, each) for each in samples_of(problem, TWICE[language])]
    right, whole, longer, wrong = executor.run_many(programs)
    assert right.status is Status.PASSED, (right.message, right.stderr)
    assert whole.status is Status.PASSED, (whole.message, whole.stderr)
    assert longer.status is Status.PASSED, "what comes after the function is left out"
    assert wrong.status is Status.WRONG_ANSWER, (wrong.message, wrong.stderr)
    assert task.score(problem, right) == {"pass": 1.0}


@pytest.mark.parametrize("language", ["python", "javascript"])
def test_solutions_are_judged_without_a_daemon(language, task_of):
    task = task_of(language)
    (problem,) = task.problems()
    with open_or_skip("bubblewrap", limits=LIMITS) as opened:
        found = [
            opened.run(task.program(problem, each)).status
            for each in samples_of(problem, TWICE[language])
        ]
    assert found == [Status.PASSED] * 3 + [Status.WRONG_ANSWER]


@pytest.mark.docker
@pytest.mark.slow
@pytest.mark.parametrize("language", LANGUAGES)
def test_the_first_canonical_solutions_pass(language, executor):
    path = data_path(f"multilingual/humaneval-x/humaneval_{LANGUAGES[language][0]}.jsonl.gz")
    task = load_task("humaneval-x", language=language, data_file=path)
    problems = list(task.problems())
    assert len(problems) == 164
    programs = [
        task.program(each, Sample(each.id, 0, solution=each.reference)) for each in problems[:12]
    ]
    found = [(each.status, each.message) for each in executor.run_many(programs)]
    assert found == [(Status.PASSED, "")] * 12


def test_a_translation_shows_the_program_of_another_language(task_of):
    task = task_of("rust", source_language="python")
    (problem,) = task.problems()
    assert problem.prompt == (
        "code translation\nPython:\nfrom typing import List\n\n\ndef twice(n: int) -> int:\n\n"
        "    return n + n\nRust:\n" + TWICE["rust"]["declaration"]
    )
    assert task.digest != task_of("rust").digest
    source = task.source(problem, Sample(problem.id, 0, completion="    n * 2\n}\n"))
    assert "fn twice(n:i32) -> i32{\n    n * 2\n}\n" in source
    assert "use rand" not in source


def test_data_that_are_not_there(task_of, tmp_path):
    with pytest.raises(TaskOptionError, match="language must be one of cpp, go, java"):
        load_task("humaneval-x", language="lua")
    task = task_of("cpp", source_language="java", source_file=tmp_path / "humaneval_js.jsonl")
    (tmp_path / "humaneval_js.jsonl").write_text(
        json.dumps({**TWICE["javascript"], "task_id": "JavaScript/9"})
    )
    with pytest.raises(DataError, match="no solution of CPP/0 to be translated"):
        list(task.problems())
    (tmp_path / "humaneval_java.jsonl").unlink()
    task = load_task(
        "humaneval-x",
        language="cpp",
        source_language="java",
        data_file=tmp_path / "humaneval_cpp.jsonl",
    )
    with pytest.raises(DataError, match="no solutions in java beside"):
        list(task.problems())


def test_margins():
    assert before_margin("    a\n\n    b\nprint(1)\n") == "    a\n\n    b"
    assert before_margin("    a\n") == "    a\n"
    assert before_margin("    a\n# b\n    c\nd\n") == "    a\n# b\n    c"
    text = "    s = '''\nabc\n'''\n    return s\nprint(1)"
    assert before_margin(text) == text.removesuffix("\nprint(1)")
    assert before_margin("    a = (\nb\n") == "    a = ("
