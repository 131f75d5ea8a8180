"""Where a completion ends: with the function that it is the rest of."""

from __future__ import annotations

import ast
import re

from codeeval.tasks.functions import bare, closed

__all__ = ["before_margin", "finished", "is_python"]

BRACES = (
    *("bash", "c", "cpp", "csharp", "d", "go", "java", "javascript", "perl", "php", "r", "rust"),
    *("scala", "swift", "typescript"),
)
"""Languages whose functions end with a brace."""
ENDS = ("julia", "lua", "ruby")
"""Languages whose functions end with the first ``end`` that has no margin."""
MOST_ENDS = 64
"""How many places are tried."""


def finished(text: str, language: str) -> str | None:
    """Return a completion up to the end of its function; None if nobody can tell where that is.

    Args:
        text: The completion; it begins in the function, whose head is the prompt's.
        language: Its language.
    """
    if language in BRACES:
        return closed(text, 0 if language == "d" else 1, language)  # D's prompts have no brace
    if language in ENDS:
        found = re.search(r"(?m)^end\b", text)
        return f"{text[: found.end()]}\n" if found else None
    if language == "racket":
        return balanced(text)
    return before_margin(text) if language == "python" else None


def balanced(text: str) -> str | None:
    """Return a text in Racket up to the bracket that closes one that stands before it."""
    depth = 1
    for found in re.finditer(r"[()\[\]{}]", bare(text, "racket")):
        depth += 1 if found[0] in "([{" else -1
        if depth == 0:
            return f"{text[: found.end()]}\n"
    return None


def before_margin(text: str) -> str:
    """Return the lines before the first that begins at the margin and ends the function.

    Comments, and lines in texts, are none that do.
    """
    lines = text.split("\n")
    ends = [
        place
        for place, line in enumerate(lines)
        if line.strip() and not line[0].isspace() and line[0] != "#"
    ]
    for place in ends[:MOST_ENDS]:
        begun = "\n".join(lines[:place])
        if is_python(f"def f():\n{begun}"):
            return begun
    return "\n".join(lines[: ends[0]]) if ends else text


def is_python(text: str) -> bool:
    """Whether a text is a program in Python."""
    try:
        ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False
    return True
