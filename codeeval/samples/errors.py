"""What can be wrong with a samples file, said so that its owner can mend it."""

from __future__ import annotations

from collections.abc import Collection

from codeeval.sandbox.errors import CodeEvalError

__all__ = ["SampleError", "listed", "sample_error", "shown"]

_SHOWN_CHARACTERS = 60


class SampleError(CodeEvalError, ValueError):
    """A samples file cannot be read or written, or is not what it should be."""


def sample_error(name: object, problem: str, *, line: int = 0, field: str = "") -> SampleError:
    """Return the error ``NAME, line 17, field 'completion': PROBLEM``; line 0 means none."""
    where = f"{name}, line {line}" if line else f"{name}"
    if field:
        where += f", field {field!r}"
    return SampleError(f"{where}: {problem}")


def shown(value: object) -> str:
    """Return ``value`` as a message quotes it: short, on one line, with its type if no text."""
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    if isinstance(value, str):
        # Cut before repr(): the text may be 60 MB long.
        cut = len(value) > _SHOWN_CHARACTERS
        return repr(value[:_SHOWN_CHARACTERS]) + ("..." if cut else "")
    if isinstance(value, dict):
        return f"an object with {listed(value) or 'no keys'}"
    if isinstance(value, list):
        return f"a list of {len(value)}"
    if isinstance(value, int) and value.bit_length() > 200:
        return "a number of more than 60 digits"  # its repr() may be refused
    return f"{value!r} ({type(value).__name__})"


def listed(names: Collection[object], *, first: int = 10) -> str:
    """Return the first few of some names, joined by commas, with dots if there are more.

    A name that a terminal could not show, or would obey, is quoted with its escapes.
    """
    texts = [str(name)[:_SHOWN_CHARACTERS] for name in names]
    texts = [text if text.isprintable() else repr(text) for text in texts[: first + 1]]
    return ", ".join(texts[:first]) + (", ..." if len(texts) > first else "")
