from __future__ import annotations

import json

import pytest

from codeeval.breakdowns import ProblemRow
from codeeval.samples.errors import SampleError
from codeeval.samples.formats import detect
from codeeval.samples.ids import SampleIds
from codeeval.samples.read import read_samples
from codeeval.sandbox.verdict import CheckResult, Cost, Status, Verdict
from codeeval.scoring.pie import pie_summary
from codeeval.tasks.registry import load_task
from codeeval.tasks.task import DataError, Sample, TaskOptionError
from codeeval.truth import Truths
from codeeval.valued import value_estimates
from tests.sandbox.conftest import BUBBLEWRAP, DOCKER, UNSAFE, open_or_skip

LOOP = """#include <cstdio>
int main() {{
    long n, total = 0;
    if (scanf("%ld", &n) != 1) return 1;
    for (long i = 0; i < n; i++) {{ total += i; asm volatile("" : "+r"(total)); }}
    {}
    printf("%ld\\n%.6f\\n", total, n / 3.0);
}}
"""
SLOW = LOOP.format('for (long i = 0; i < 3 * n; i++) asm volatile("" : : "r"(i));')
FAST = LOOP.format("")
WRONG = LOOP.format("total += n == 20000000;")
FORKS = "#include <unistd.h>\n" + LOOP.format("if (fork() == 0) for (;;); total += fork() < 0;")
NUMBERS = (5, 20_000_000)
PYTHON = (
    "n = int(input())\nprint(sum(x for x in range(n)))\nprint(n / 3)\n",
    "n = int(input())\nprint(n * (n - 1) // 2)\nprint(n / 3)\n",
)


@pytest.fixture
def make(tmp_path):
    """Return a function that makes the task from pairs of programs, with tests beside them."""

    def task(*pairs: tuple[str, str], numbers=NUMBERS, **options):
        tests = tmp_path / "merged_test_cases" / "p02"
        tests.mkdir(parents=True, exist_ok=True)
        for place, n in enumerate(numbers):
            (tests / f"input.{place}.txt").write_text(f"{n}\n")
            (tests / f"output.{place}.txt").write_text(f"{n * (n - 1) // 2}\n{n / 3:.5f}\n")
        path = tmp_path / "pie.jsonl"
        known = {"problem_id": "p02", "tests": list(range(len(numbers))), "n_tests": len(numbers)}
        records = [{**known, "src_code": slow, "tgt_code": fast} for slow, fast in pairs]
        path.write_text("".join(json.dumps(each) + "\n" for each in records))
        return load_task("pie", data_file=path, **options)

    return task


@pytest.fixture
def judged():
    """Return a function that evaluates programs for the first problem of a task."""

    def run(sandbox: str, task, *sources: str):
        problem = next(task.problems())
        with open_or_skip(sandbox, limits=task.limits) as executor:
            truths = Truths(executor, None, 1)
            samples = [Sample(problem.id, n, solution=each) for n, each in enumerate(sources)]
            programs = [truths.resolve(task.program(problem, each)) for each in samples]
            truths.close()
            verdicts = [executor.run(each) for each in programs]
        return [dict(task.score(problem, each)) for each in verdicts], verdicts

    return run


def test_a_problem_has_what_a_model_sees(make):
    task = make((SLOW, FAST), (SLOW, SLOW))
    first, second = task.problems()
    assert (first.id, second.id) == ("PIE/0", "PIE/1")
    assert SLOW in first.prompt
    assert FAST not in first.prompt
    assert (first.reference, first.language, first.entry_point) == (FAST, "cpp", "")
    assert first.metadata == {"problem": "p02"}
    assert task.program(first, Sample("PIE/0", 0, solution="x")).flags == ("-O3",)


@pytest.mark.parametrize("sandbox", [UNSAFE, BUBBLEWRAP, DOCKER])
def test_programs_are_timed_beside_the_slow_one(make, judged, sandbox):
    scores, verdicts = judged(sandbox, make((SLOW, FAST)), SLOW, FAST, WRONG, "int main(", FORKS)
    assert [each["pass"] for each in scores[:4]] == [1, 1, 0, 0]
    assert 1 <= scores[0]["speedup"] < 1.2
    assert 2 < scores[1]["speedup"] < 4.5
    assert [each["speedup"] for each in scores[2:4]] == [1, 1]
    assert scores[1]["reference_seconds"] / scores[1]["cost_seconds"] == scores[1]["speedup"]
    wrong, unreadable, forks = verdicts[2:]
    assert (wrong.status, "call 2: " in wrong.message) == (Status.WRONG_ANSWER, True)
    assert unreadable.status is Status.COMPILE_ERROR
    assert all(each.sealed for each in verdicts)
    if sandbox != UNSAFE:  # there nobody can be kept from a second process; what it does is charged
        assert (forks.status, "call 1: " in forks.message) == (Status.WRONG_ANSWER, True)


def test_programs_in_python(make, judged):
    task = make(PYTHON, numbers=(5, 1_000_000), language="python")
    slow, fast = PYTHON
    scores, _ = judged(UNSAFE, task, slow, fast, fast.replace("// 2", "// 2 + 1"))
    assert [each["pass"] for each in scores] == [1, 1, 0]
    assert scores[0]["speedup"] < 1.5 < 5 < scores[1]["speedup"]


def verdict_of(*costs: tuple[float, float], status=Status.PASSED, censored=False) -> Verdict:
    made = tuple(
        Cost(n, 1.0, 0, own, own, own, slow, 10 * slow, 2, censored)
        for n, (own, slow) in enumerate(costs)
    )
    return Verdict(status, (CheckResult("tests", status, sealed=True, costs=made),))


def test_the_time_of_a_program_is_that_of_all_tests(make):
    task = make((SLOW, FAST))
    problem = next(task.problems())

    def speedup(*costs, **more) -> tuple[float, float]:
        score = task.score(problem, verdict_of(*costs, **more))
        return score["pass"], score["speedup"]

    assert speedup((1, 2), (3, 8)) == (1, 2.5)
    assert speedup((2, 1), (9, 8)) == (1, 1)
    assert speedup((1, 2)) == (0, 1)
    assert speedup((1, 2), (3, 8), censored=True) == (0, 1)
    assert speedup(status=Status.WRONG_ANSWER) == (0, 1)


def test_the_numbers_of_the_paper(make):
    """The worked example of five problems with a sample each, of which one has a wrong one."""
    best = [5, 9.5, 20, None, 9.0]
    speedups = [max(1.0, 10 / each) if each else 1.0 for each in best]
    rows = [
        ProblemRow(f"PIE/{n}", 1, {"pass": int(bool(each))}, {}, {}, values={"speedup": (speed,)})
        for n, (each, speed) in enumerate(zip(best, speedups, strict=True))
    ]
    names = ("Speedup@k", "%Opt@k", "%Opt 2@k")
    found = value_estimates(rows, 0, {"speedup": names}, [1])["speedup"]
    assert [each.metric for each in found] == ["Speedup@1", "%Opt@1", "%Opt 2@1"]
    assert [each.value for each in found] == pytest.approx([1.232749, 0.4, 0.2], abs=1e-6)
    summary = pie_summary(
        [10.0] * 5, [[each or 1.0] for each in best], [[bool(each)] for each in best], 1
    )
    assert found[0].value == pytest.approx(summary.speedup)
    assert (found[1].value, found[2].value) == (summary.optimized[1.1], summary.optimized[2.0])
    missing = value_estimates(rows, 5, {"speedup": names}, [1])["speedup"]
    assert [each.value for each in missing] == pytest.approx([1.116374, 0.2, 0.1], abs=1e-6)


def test_outputs_are_compared_line_by_line(make):
    namespace: dict = {}
    task = make((SLOW, FAST))
    check = task.program(next(task.problems()), Sample("PIE/0", 0, solution="")).checks[0]
    exec(check.checker, namespace)
    for printed, right in (
        ("10\n1.66667\n", True),
        ("10\r\n1.6672  ", True),
        ("10.0000\n1.66667\nmore", True),
        ("10\n1.668", False),
        ("10", False),
        ("10\nabc", False),
        (" 11\n1.66667", False),
        ("", False),
    ):
        assert namespace["__check"]((), "10\n1.66667\n", printed) is right, printed


def test_answers_stand_beside_the_problems(make, tmp_path):
    task = make((SLOW, FAST), (FAST, FAST))
    path = tmp_path / "answers.jsonl"
    records = [json.loads(line) for line in task.path.read_text().splitlines()]

    def written(*answers: object) -> None:
        lines = zip(records, answers, strict=False)
        path.write_text("".join(json.dumps({**r, "generated_answers": a}) + "\n" for r, a in lines))

    def read():
        return list(read_samples(path, SampleIds.of_task(task), report=lambda _: None))

    written(["a", None, "b"], "c")
    assert detect(path) == "pie-generations"
    found = [(each.task_id, each.index, each.text) for each in read()]
    assert found == [("PIE/0", 0, "a"), ("PIE/0", 1, ""), ("PIE/0", 2, "b"), ("PIE/1", 0, "c")]
    written(["a"], [3])
    with pytest.raises(SampleError, match=r"line 2, .*generated_answers.*list of texts or nulls"):
        read()
    records.reverse()
    written(["a"], ["b"])
    with pytest.raises(SampleError, match=r"line 1: expected the slow program of PIE/0"):
        read()
    records.extend(records)
    records[:] = records[1:]
    written(["a"], ["b"], ["c"])
    with pytest.raises(SampleError, match=r"line 3: a line more than the task has problems"):
        read()


def test_data_that_are_not_there(make, tmp_path):
    task = make((SLOW, FAST))
    digest = task.digest
    (tmp_path / "merged_test_cases" / "p02" / "output.1.txt").write_text("0\n")
    assert make((SLOW, FAST), numbers=(5,)).digest != digest
    (tmp_path / "merged_test_cases" / "p02" / "input.0.txt").unlink()
    text = task.path.read_text()
    task = load_task("pie", data_file=task.path)
    with pytest.raises(DataError, match=r"line 1: there is no test .*p02.input\.0\.txt"):
        list(task.problems())
    task.path.write_text(text.replace("[0]", '["0"]'))
    with pytest.raises(DataError, match=r"line 1: field 'tests' must be numbers of tests"):
        list(load_task("pie", data_file=task.path).problems())
    task.path.write_text(text)
    with pytest.raises(DataError, match="tests_directory must be a folder; there is none"):
        list(load_task("pie", data_file=task.path, tests_directory="nowhere").problems())
    (tmp_path / "merged_test_cases").rename(tmp_path / "moved")
    with pytest.raises(DataError, match=r"no tests beside .* --task-option tests_directory="):
        list(load_task("pie", data_file=task.path).problems())
    with pytest.raises(TaskOptionError, match=r"language must be one of python, .* not 'cobol'"):
        load_task("pie", data_file=task.path, language="cobol")
    with pytest.raises(TaskOptionError, match="clock must be one of cpu, wall, instructions-hw"):
        load_task("pie", data_file=task.path, clock="instructions-sim")
