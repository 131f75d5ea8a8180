"""A verdict does not depend on how the sandbox came to it: warm or cold, sealed or not.

CODEEVAL_TEST_WHOLE=1 has all programs judged cold, not one in eleven.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from dataclasses import replace

import pytest

from codeeval.checking import LoadedTask
from codeeval.sandbox.executor import Executor, open_executor
from codeeval.sandbox.program import Asserts, Program
from codeeval.tasks.task import Sample
from codeeval.truth import Truths
from tests.codeeval.command import need
from tests.sandbox.conftest import DOCKER
from tests.tasks.test_verdicts import WORKERS, humaneval, mbpp, mbpp_plus

COLD = 1 if os.environ.get("CODEEVAL_TEST_WHOLE") else 11
"""One program in so many is judged cold, too: all of them take ten minutes. Right and wrong ones
take turns: an odd number."""
WRONG = "def {0}(*args):\n    return None\n"


def programs(task: LoadedTask) -> list[Program]:
    """Return for each problem the reference, and one that is wrong."""
    made = []
    for problem in task:
        wrong = WRONG.format(problem.problem.entry_point or "f")
        for number, text in enumerate((problem.reference, wrong)):
            made.append(
                problem.task.program(problem.problem, Sample(problem.id, number, solution=text))
            )
    return made


def sealed(chosen: list[Program], how: bool) -> list[Program]:
    """Return programs with asserts, sealed or not; those that cannot be sealed are left out."""
    changed = []
    for program in chosen:
        (check,) = program.checks
        assert isinstance(check, Asserts)
        if check.can_be_sealed:
            changed.append(replace(program, checks=(replace(check, sealed=how),)))
    return changed


def statuses(executor: Executor, chosen: list[Program]) -> list[list[str]]:
    """Return the status of each check of each program."""
    verdicts = executor.run_many(chosen)
    return [[str(result.status) for result in verdict.results] for verdict in verdicts]


@contextlib.contextmanager
def opened(sandbox: str) -> Iterator[tuple[Executor, Executor]]:
    """Open a warm executor, and a cold one: each program in a jail of its own."""
    need(sandbox)
    with (
        open_executor(sandbox, workers=WORKERS) as warm,
        open_executor(sandbox, workers=WORKERS, isolation="container") as cold,
    ):
        yield warm, cold


@pytest.fixture(params=["bubblewrap", DOCKER])
def modes(request):
    with opened(request.param) as executors:
        yield executors


@pytest.mark.slow
def test_humaneval_is_judged_alike_warm_and_cold_sealed_and_not(modes):
    warm, cold = modes
    chosen = programs(humaneval())
    expected = statuses(warm, sealed(chosen, True))
    assert expected[::2] == [["passed"]] * 164
    assert ["passed"] not in expected[1::2]
    assert statuses(warm, sealed(chosen, False)) == expected
    for how in (True, False):
        assert statuses(cold, sealed(chosen, how)[::COLD]) == expected[::COLD]


@pytest.mark.slow
def test_mbpp_is_judged_alike_sealed_and_not(modes):
    warm, _ = modes
    task = mbpp()
    chosen = programs(task)
    # 533 needs what does not cross; where samples are judged, a trial of the reference finds out.
    cannot = {"367", "596", "601", "927"}
    can_be = [check.can_be_sealed for program in chosen for check in program.checks]
    ids = [problem.id for problem in task for _ in range(2)]
    assert {task_id for task_id, can in zip(ids, can_be, strict=True) if not can} == cannot
    ids = [task_id for task_id in ids if task_id not in cannot]
    closed = statuses(warm, sealed(chosen, True))
    opened = statuses(warm, sealed(chosen, False))
    found = list(zip(ids, closed, opened, strict=True))
    different = {task_id for task_id, how, other in found if how != other}
    assert different == {"533"}
    passed = {task_id for task_id, how, other in found if how == other == ["passed"]}
    assert passed >= set(ids) - different


@pytest.mark.slow
@pytest.mark.docker
def test_mbpp_plus_is_judged_alike_warm_and_cold():
    with opened("docker") as (warm, cold):
        truths = Truths(warm, None, WORKERS)
        chosen = [truths.resolve(program) for program in programs(mbpp_plus())]
        truths.close()
        expected = statuses(warm, chosen)
        assert expected[::2] == [["passed", "passed"]] * 378
        assert statuses(cold, chosen[::COLD]) == expected[::COLD]
