"""Which problems in the form of MultiPL-E's rows no answer can pass.

A body that only fails takes the place of an answer. If even that is not in the language, or cannot
be compiled, the fault is the row's. In C# a list or a dictionary is compared by reference, which
never holds; that is seen in the text of the tests.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from codeeval.evaluation import evaluate_iter
from codeeval.sandbox.verdict import Status
from codeeval.tasks.multipl_e import MultiplE
from codeeval.tasks.passable import compares_by_reference
from codeeval.tasks.task import DataError, Sample

__all__ = ["STUBS", "Unpassable", "unpassable_rows"]

STUBS = {
    "bash": "    return 7\n",
    "cpp": "    throw 7;\n",
    "csharp": "        throw new Exception();\n",
    "d": "{\n    assert(false);\n}\n",
    "go": "    panic(7)\n}\n",
    "java": "        throw new RuntimeException();\n",
    "javascript": "    throw 7;\n}\n",
    "lua": "    error('stub')\nend\n",
    "perl": "    die;\n}\n",
    "php": "    throw new Exception();\n}\n",
    "python": "    raise Exception\n",
    "r": "    stop('stub')\n}\n",
    "racket": "  (error 'stub))\n",
    "ruby": "    raise 'stub'\nend\n",
    "rust": "    panic!()\n",
    "scala": "        throw new Exception()\n",
    "typescript": "    throw 7;\n}\n",
}
"""For each language the body of a function that fails, and its end where the tests have none."""
NOT_COMPILED = (Status.COMPILE_ERROR, Status.SYNTAX_ERROR)


@dataclass(frozen=True)
class Unpassable:
    """A row that cannot be passed.

    Attributes:
        name: Its name.
        reason: Why not.
        is_unknown: Whether it could not be judged at all.
    """

    name: str
    reason: str
    is_unknown: bool = False


def unpassable_rows(task: MultiplE, **options: Any) -> Iterator[Unpassable]:
    """Yield the problems that cannot be passed.

    Args:
        task: Problems in the form of MultiPL-E's rows.
        options: Fields of `codeeval.options.Options`: where they are compiled.

    Raises:
        DataError: If there is no body that fails for one of its languages.
        SandboxUnavailable: If there is no sandbox.
    """
    problems = {problem.id: problem for problem in task.problems()}
    for name in sorted({problem.language for problem in problems.values()} - set(STUBS)):
        raise DataError(f"rows in {name} cannot be validated: known are {', '.join(STUBS)}")
    samples = [
        Sample(problem.id, 0, completion=STUBS[problem.language]) for problem in problems.values()
    ]
    for result in evaluate_iter(samples, task, extraction="none", **options):
        verdict, problem = result.verdict, problems[result.task_id]
        if verdict.status in NOT_COMPILED:
            yield Unpassable(problem.id, f"{verdict.status}: {verdict.message[:300]}")
        elif verdict.status is Status.INFRASTRUCTURE_ERROR:
            yield Unpassable(problem.id, verdict.message[:300], is_unknown=True)
        elif compares_by_reference(problem.language, problem.record["tests"]):
            yield Unpassable(problem.id, "a list or a dictionary is compared by reference")
