"""EffiBench-X in each of its languages but Python: whole programs, timed beside a reference."""

from __future__ import annotations

import json

import pytest

from codeeval.sandbox.program import Limits
from codeeval.sandbox.verdict import Status
from codeeval.tasks.effibench_x import LANGUAGES
from codeeval.tasks.registry import load_task
from codeeval.tasks.task import DataError, Sample, TaskOptionError
from codeeval.truth import Truths
from tests.sandbox.conftest import open_or_skip
from tests.sandbox.languages import sections, source_of

LIMITS = Limits(cpu_seconds=60, wall_seconds=120, memory_bytes=2**30)
OTHERS = [name for name in LANGUAGES if name != "python"]
TESTS = [{"input": f"{n}\n{' '.join(['2'] * n)}\n", "output": f"{2 * n}\r\n"} for n in (1, 3000)]


@pytest.fixture(scope="module")
def executor():
    with open_or_skip("docker", limits=LIMITS) as opened:
        yield opened


@pytest.fixture
def judged(tmp_path, executor):
    """Return a function that evaluates programs for a problem of one language."""

    def run(language: str, reference: str, tests: list, *sources: str, runner: str = ""):
        name = LANGUAGES[language]
        record = {
            "id": 1,
            "type": "functional" if runner else "io",
            "solutions": {name: {"code": reference}},
            "evaluator": "def evaluate(found, wanted):\n    return found == wanted\n",
            "generated_tests": tests,
            "test_runners": {name: runner} if runner else None,
        }
        path = tmp_path / "data.json"
        path.write_text(json.dumps([record]))
        task = load_task("effibench-x", data_file=path, language=language)
        (problem,) = task.problems()
        samples = [Sample(problem.id, n, solution=each) for n, each in enumerate(sources)]
        truths = Truths(executor, None, 1)
        programs = [truths.resolve(task.program(problem, each)) for each in samples]
        truths.close()
        verdicts = [executor.run(each) for each in programs]
        return [dict(task.score(problem, each)) for each in verdicts], verdicts

    return run


@pytest.mark.docker
@pytest.mark.parametrize("language", OTHERS)
def test_time_and_memory_of_programs(judged, language):
    parts = ("", "slow", "thread", "fat", "total wrong", "child")
    sources = [source_of(language, part, "total") for part in parts]
    scores, verdicts = judged(language, sources[0], TESTS, *sources, "int main(")
    own, slow, thread, fat, *failed = scores
    assert own["pass"] == slow["pass"] == thread["pass"] == fat["pass"] == 1, verdicts
    assert min(own[name] for name in ("time_score", "memory_score")) > 0.7
    assert slow["time_score"] < 0.6
    assert slow["memory_score"] > 0.6
    assert thread["time_score"] < 0.6, "what threads do is to be counted"
    assert fat["memory_score"] < 0.3
    assert fat["memory_seconds_score"] < fat["time_score"]
    assert [set(each.values()) for each in failed] == [{0.0}] * 3
    assert verdicts[4].status is Status.WRONG_ANSWER
    assert verdicts[5].status is Status.RUNTIME_ERROR, "no other process may work beside it"
    assert verdicts[6].status in (Status.COMPILE_ERROR, Status.SYNTAX_ERROR)


@pytest.mark.docker
@pytest.mark.parametrize("language", OTHERS)
def test_a_function_is_run_by_its_runner(judged, language):
    right, runner = (sections(language)[name] for name in ("twice", "twice runner"))
    wrong = right.replace("2 * n", "n * n")
    tests = [{"input": str(n), "output": str(2 * n)} for n in (0, 7)]
    scores, _ = judged(language, right, tests, right, wrong, runner=runner)
    assert [each["pass"] for each in scores] == [1, 0]


def test_languages_that_are_not_run(tmp_path):
    path = tmp_path / "data.json"
    path.write_text('[{"id": 1, "solutions": {}, "evaluator": "", "generated_tests": []}]')
    with pytest.raises(TaskOptionError, match=r"language must be one of python, .* not 'perl'"):
        load_task("effibench-x", data_file=path, language="perl")
    with pytest.raises(DataError, match="no problems in it that"):
        list(load_task("effibench-x", data_file=path, language="ruby").problems())
