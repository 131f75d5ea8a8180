"""Measures references beside themselves: what a run that measures would find if nothing disturbed.

Each of them should score 1. How far they are from it is published with the run.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from statistics import fmean, pstdev
from typing import Any

from codeeval.sandbox.errors import SandboxError
from codeeval.sandbox.executor import Executor
from codeeval.sandbox.program import Costs
from codeeval.sandbox.verdict import Status, Usage
from codeeval.tasks.task import Problem, Sample, Task
from codeeval.truth import Truths, cache_directory

__all__ = ["SelfTest"]

PROBLEMS = 8
"""How many references are measured at the start, and again at the end."""
NOISY = 0.02
"""A mean further from 1 than this marks a run."""
BUSY = 0.3
"""So does a machine on which processes wait this share of their CPU time for a core. Up to 0.15 it
is the runner that they wait for: both have the same one."""


class SelfTest:
    """The self-test of one evaluation.

    Args:
        task: The task.
        problems: Those that are evaluated.
        executor: Where they are.
    """

    def __init__(self, task: Task, problems: Iterable[Problem], executor: Executor) -> None:
        self._task, self._executor = task, executor
        known = list(problems)
        step = max(1, len(known) // PROBLEMS)
        self._problems = known[::step][:PROBLEMS] if self._measures(known) else []
        self._scores: dict[str, list[float]] = {}
        self._failures: list[str] = []
        self._usage = Usage()

    def _measures(self, problems: Sequence[Problem]) -> bool:
        """Whether the task measures, which its first program tells."""
        values = getattr(self._task, "values", ())
        if not problems or not ("efficiency" in values or "cost_seconds" in values):
            return False
        return any(isinstance(check, Costs) for check in self._program(problems[0]).checks)

    def _program(self, problem: Problem) -> Any:
        return self._task.program(problem, Sample(problem.id, 0, solution=problem.reference))

    def run(self, when: str) -> None:
        """Measure references at the ``start`` or the ``end``; nothing if the task does not."""
        if not self._problems:
            return
        truths = Truths(self._executor, cache_directory() / "truths", 1)
        scores = self._scores[when] = []
        try:
            for problem in self._problems:
                program = truths.resolve(self._program(problem))
                check = next(each for each in program.checks if isinstance(each, Costs))
                if check.expected is not None:  # not each of the known solutions is right
                    program = replace(program, source=check.reference)
                verdict = self._executor.run(program)
                self._usage += verdict.usage
                if verdict.status is Status.PASSED:
                    scores.append(_of_reference(self._task.score(problem, verdict)))
                else:
                    self._failures.append(f"{problem.id}: {verdict.status}: {verdict.message}")
        except SandboxError as error:  # the samples will meet it themselves
            self._failures.append(str(error))
        finally:
            truths.close()

    def record(self) -> Mapping[str, Any]:
        """Return what the manifest says of it: mean and spread at the start and at the end."""
        return {
            when: {"mean": fmean(scores), "spread": pstdev(scores), "references": len(scores)}
            for when, scores in self._scores.items()
            if scores
        }

    def warnings(self) -> list[str]:
        """Return sentences if the run was disturbed."""
        scores = [score for each in self._scores.values() for score in each]
        sentences = [
            f"self-test: {len(self._failures)} references could not be measured; {failure[:500]}"
            for failure in self._failures[:1]
        ]
        if scores and abs(fmean(scores) - 1) > NOISY:
            sentences.append(
                f"a noisy run: references measured beside themselves score {fmean(scores):.3f} on "
                f"average, which should be 1 (at most {NOISY} from it)"
            )
        share = self._usage.waiting_seconds / max(self._usage.cpu_seconds, 1e-9)
        if scores and share > BUSY:
            sentences.append(
                f"a busy machine: references that were timed waited for a core {share:.0%} as long "
                "as they had one; the clock wall counts that, the others do not"
            )
        return sentences


def _of_reference(scores: Mapping[str, float]) -> float:
    """Return what a reference is worth beside itself: its e, or how many times faster it is."""
    if "efficiency" in scores:
        return scores["efficiency"]
    cost = scores["cost_seconds"]
    return scores["reference_seconds"] / cost if cost else 0.0
