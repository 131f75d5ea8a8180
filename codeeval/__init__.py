"""codeeval: evaluate code written by language models, in a sandbox, with honest error bars.

Everything named here is loaded when it is first used: importing the package is quick and pulls in
none of docker, datasets, openai and scipy.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from codeeval.checking import acheck, check, load_task, rewards
    from codeeval.comparing import RunComparison, compare
    from codeeval.evaluation import Run, aevaluate, aevaluate_iter, evaluate, evaluate_iter
    from codeeval.judging import SampleResult
    from codeeval.options import Options
    from codeeval.report import Report
    from codeeval.sandbox.errors import CodeEvalError
    from codeeval.sandbox.executor import open_executor
    from codeeval.sandbox.program import Limits, Program
    from codeeval.sandbox.verdict import Status, Verdict
    from codeeval.scoring.efficiency import eff_at_k
    from codeeval.scoring.estimate import Estimate
    from codeeval.scoring.pass_at_k import pass_at_k
    from codeeval.tasks.task import Problem, Sample, Task
    from codeeval.version import __version__

_HOMES = {
    "CodeEvalError": "codeeval.sandbox.errors",
    "Estimate": "codeeval.scoring.estimate",
    "Limits": "codeeval.sandbox.program",
    "Options": "codeeval.options",
    "Problem": "codeeval.tasks.task",
    "Program": "codeeval.sandbox.program",
    "Report": "codeeval.report",
    "Run": "codeeval.evaluation",
    "RunComparison": "codeeval.comparing",
    "Sample": "codeeval.tasks.task",
    "SampleResult": "codeeval.judging",
    "Status": "codeeval.sandbox.verdict",
    "Task": "codeeval.tasks.task",
    "Verdict": "codeeval.sandbox.verdict",
    "acheck": "codeeval.checking",
    "aevaluate": "codeeval.evaluation",
    "aevaluate_iter": "codeeval.evaluation",
    "check": "codeeval.checking",
    "compare": "codeeval.comparing",
    "eff_at_k": "codeeval.scoring.efficiency",
    "evaluate": "codeeval.evaluation",
    "evaluate_iter": "codeeval.evaluation",
    "load_task": "codeeval.checking",
    "open_executor": "codeeval.sandbox.executor",
    "pass_at_k": "codeeval.scoring.pass_at_k",
    "rewards": "codeeval.checking",
}

__all__ = [
    "CodeEvalError",
    "Estimate",
    "Limits",
    "Options",
    "Problem",
    "Program",
    "Report",
    "Run",
    "RunComparison",
    "Sample",
    "SampleResult",
    "Status",
    "Task",
    "Verdict",
    "__version__",
    "acheck",
    "aevaluate",
    "aevaluate_iter",
    "check",
    "compare",
    "eff_at_k",
    "evaluate",
    "evaluate_iter",
    "load_task",
    "open_executor",
    "pass_at_k",
    "rewards",
]


def __getattr__(name: str) -> Any:
    if name == "__version__":
        return import_module("codeeval.version").__version__
    if name not in _HOMES:
        raise AttributeError(f"module 'codeeval' has no attribute {name!r}")
    value = getattr(import_module(_HOMES[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return __all__
