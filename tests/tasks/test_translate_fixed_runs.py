"""Rows of the fixed dialect, compiled and run: what is right passes, what is wrong does not."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from codeeval.sandbox.executor import Executor
from codeeval.sandbox.program import END
from codeeval.sandbox.verdict import Status, Verdict
from codeeval.tasks.multipl_e import LIMITS
from codeeval.tasks.registry import load_task
from codeeval.tasks.task import Sample
from codeeval.translating import Source, compiled
from tests.sandbox.conftest import open_or_skip

FOLDER = Path(__file__).parent
HALVES = Source(
    "Toy_1_halves",
    'def halves(xs: List[float]) -> List[float]:\n    """ Return the halves. """\n',
    "def check(candidate):\n    assert candidate([1, 2.5, 2e9]) == [0.5, 1.25, 1e9]\n"
    "    assert candidate([]) == []\n",
)
BACK = {
    "bash": "    printf '%s\\n' \"$1\"\n}\n",
    "d": "{\n    return x;\n}\n",
    "lua": "    return x\nend\n",
    "perl": "    return $x;\n}\n",
    "php": "    return $x;\n}\n",
    "python": "    return x\n",
    "r": "\n    x\n}\n",
    "racket": "    x)\n",
    "ruby": "    x\nend\n",
    "rust": "    x\n}\n",
}
"""A function that returns what it gets; otherwise there is a statement with a semicolon."""
KINDS = "Tuple[Dict[str, List[float]], List[Tuple[int, str]], bool, str, List[List[int]]]"
TEXT = '"q" \\ $x @y #{z} %d \n\t\r é 😀 \x01'
VALUE = f"({{'a': [1.5, 2], 'b': []}}, [(1, 'x'), (-2, {TEXT!r})], True, '', [[], [3]])"
OTHERS = (("1.5", "1.51"), ("(1, 'x')", "(2, 'x')"), ("'x'", "'X'"), ("True", "False"),
          ("[[], [3]]", "[[3], []]"), ("'b'", "'c'"), ("#{z}", "#{y}"))  # fmt: skip
WARNING = {
    "racket": '    (eprintf "a warning\\n")\n    (map (lambda (x) (/ x 2)) xs))\n',
    "scala": '    System.err.println("a warning")\n    xs.map(_ / 2)\n  }\n',
    "java": '    System.err.println("a warning");\n    xs.replaceAll(x -> x / 2);\n'
    "    return xs;\n  }\n",
}


def parts(path: Path) -> dict[str, str]:
    """Return the sections of a file, by their headlines."""
    found = re.split(r"(?m)^#### (\S+).*\n", path.read_text("utf-8"))[1:]
    return dict(zip(found[::2], found[1::2], strict=True))


ANSWERS = parts(FOLDER / "fixed_answers.txt")


@pytest.fixture(scope="module")
def executor() -> Iterator[Executor]:
    with open_or_skip("docker", limits=LIMITS) as opened:
        yield opened


def judged(
    executor: Executor, language: str, completions: list[str], tmp_path, source: Source = HALVES
) -> list[Verdict]:
    """Return the verdicts on completions of a problem."""
    (row,) = compiled([source], language, dialect="fixed").rows
    path = tmp_path / "rows.jsonl"
    path.write_text(json.dumps(row))
    task = load_task("multipl-e", data_file=path)
    (problem,) = task.problems()
    samples = [Sample(problem.id, n, completion=each) for n, each in enumerate(completions)]
    return list(executor.run_many([task.program(problem, each) for each in samples]))


@pytest.mark.docker
@pytest.mark.parametrize("language", ANSWERS)
def test_numbers_are_compared_with_a_tolerance(language, executor, tmp_path):
    answers = [ANSWERS[language].replace("OFF", off) for off in ("0.0", "1e-9", "0.01")]
    right, near, wrong = judged(executor, language, answers, tmp_path)
    assert right.status is Status.PASSED, (right.message, right.stderr, right.stdout)
    assert near.status is Status.PASSED, (near.message, near.stderr, near.stdout)
    assert END not in right.stdout
    assert wrong.status is Status.WRONG_ANSWER, (wrong.message, wrong.stderr)


@pytest.mark.docker
@pytest.mark.slow
@pytest.mark.parametrize("language", ANSWERS)
def test_values_are_the_same_if_all_that_is_in_them_is(language, executor, tmp_path):
    value, kinds = (VALUE, KINDS) if language != "bash" else ("[1.5, 2]", "List[float]")
    answer = BACK.get(language, "    return x;\n}\n")
    for found, put in (("", ""), *OTHERS):
        if found not in value:
            continue
        other = value.replace(found, put, 1)
        source = Source(
            "Toy_2_back",
            f'def back(x: {kinds}) -> {kinds}:\n    """ Return it. """\n',
            f"def check(candidate):\n    assert candidate({value}) == {other}\n",
        )
        (verdict,) = judged(executor, language, [answer], tmp_path, source)
        expected = Status.WRONG_ANSWER if found else Status.PASSED
        assert verdict.status is expected, (put, verdict.message, verdict.stderr, verdict.stdout)


@pytest.mark.docker
@pytest.mark.parametrize("language", WARNING)
def test_a_warning_fails_nothing(language, executor, tmp_path):
    (found,) = judged(executor, language, [WARNING[language]], tmp_path)
    assert "a warning" in found.stderr
    assert found.status is Status.PASSED, (found.message, found.stderr)
