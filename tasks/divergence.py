"""Where an answer first leaves a trace: at which step, and at what kind of statement."""

from __future__ import annotations

import ast
import re
from collections.abc import Mapping, Sequence
from functools import lru_cache

from codeeval.tasks.traces import Step

__all__ = ["COLUMNS", "KINDS", "divergence", "kinds_of"]

KINDS = ("loop", "branch", "return", "exception", "comprehension", "call", "other", "end")
"""Kinds of statements, and the end of the program. What is several is the first of these."""
COLUMNS = (
    "steps",
    "first_divergence",
    *(f"{what}_{kind}" for what in ("met", "lost") for kind in KINDS),
)
"""What `divergence` returns."""
LOOPS, BRANCHES = (ast.For, ast.AsyncFor, ast.While), (ast.If, ast.Match, ast.match_case)
EXCEPTIONS = (ast.Try, ast.TryStar, ast.Raise, ast.ExceptHandler)
COMPREHENSIONS = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)
WORDS = {
    "definition": re.compile(r"^\W*(async\s+)?(def|class)\b"),
    "loop": re.compile(r"^\W*(async\s+)?(for|while|do)\b"),
    "branch": re.compile(r"^\W*(if|elif|else|switch|match|case|default)\b"),
    "return": re.compile(r"^\W*return\b"),
    "exception": re.compile(r"^\W*(throw|raise|try|catch|except|finally)\b"),
    "comprehension": re.compile(r"\bfor\b.+\bin\b"),
    "call": re.compile(r"\w\s*\("),
}
"""What a line looks like where a program cannot be parsed: in Java, or without indentation."""
QUOTED = re.compile(r'"(\\.|[^"\\])*"|\'(\\.|[^\'\\])*\'|(#|//).*')


def divergence(source: str, actual: Sequence[Step], first: int | None) -> Mapping[str, float]:
    """Return where an answer first differs from a trace, and what it had met until then.

    Args:
        source: The program.
        actual: The trace.
        first: The place of the first step that differs, from 1, one beyond the trace if the answer
            goes on; None if there is none.

    Returns:
        ``steps``: how many the trace has. ``first_divergence``: its place, 0 for none.
        ``met_loop``: how many steps of this kind of statement the answer had to tell, up to the
        first that differs; ``lost_loop``: 1 if that is of this kind. The same for the other
        `KINDS`, of which ``end`` is that nothing follows.
    """
    kinds = kinds_of(source)
    met = dict.fromkeys(KINDS, 0)
    told = actual if first is None else actual[:first]
    for step in told:
        met[kinds.get(step, "other") if isinstance(step, int) else "other"] += 1
    at_end = first is None or first > len(actual)
    met["end"] = int(at_end)
    lost = dict.fromkeys(KINDS, 0)
    if first is not None:
        step = "end" if at_end else actual[first - 1]
        lost["end" if at_end else kinds.get(step, "other")] = 1
    return {
        "steps": float(len(actual)),
        "first_divergence": float(first or 0),
        **{f"met_{kind}": float(count) for kind, count in met.items()},
        **{f"lost_{kind}": float(count) for kind, count in lost.items()},
    }


@lru_cache(maxsize=64)
def kinds_of(source: str) -> Mapping[Step, str]:
    """Return the kind of the statement on each line of a program.

    Where it cannot be parsed, as in Java or without its indentation, the words of a line tell.
    """
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return {number: _by_words(line) for number, line in enumerate(source.splitlines(), start=1)}
    found: dict[Step, str] = {}
    for node in ast.walk(tree):  # what is within comes after what it is in
        if isinstance(node, (ast.stmt, ast.ExceptHandler)):
            for number in range(node.lineno, (node.end_lineno or node.lineno) + 1):
                found[number] = _kind(node)
        elif isinstance(node, ast.match_case):
            found[node.pattern.lineno] = "branch"
    return found


def _kind(node: ast.stmt | ast.ExceptHandler) -> str:
    if isinstance(node, LOOPS):
        return "loop"
    if isinstance(node, BRANCHES):
        return "branch"
    if isinstance(node, ast.Return):
        return "return"
    if isinstance(node, EXCEPTIONS):
        return "exception"
    if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
        return "other"
    parts = list(ast.walk(node))
    if any(isinstance(part, COMPREHENSIONS) for part in parts):
        return "comprehension"
    return "call" if any(isinstance(part, ast.Call) for part in parts) else "other"


def _by_words(line: str) -> str:
    bare = QUOTED.sub("", line)
    found = next((kind for kind, pattern in WORDS.items() if pattern.search(bare)), "other")
    return found if found in KINDS else "other"
