"""What programs in each language do that a sandbox has to bear, in sources of our own.

A file for each language has sections, each below a line ``#### name``. ``add`` reads two numbers
and prints their sum; ``broken`` is not in the language; ``text`` reads a line and prints how many
characters it has, 2 to the 200th, 0.1 + 0.2, and 1.5 with two places. The other sections stand in
``add`` in place of ``HERE``, and those whose name ends with ``outer`` in place of ``OUTER``.

Where programs are timed: ``total`` reads how many numbers there are, and adds them; ``slow``,
``fat``, ``thread``, ``child`` and ``total wrong`` stand in it in place of ``HERE``. ``twice`` is a
function that doubles, ``twice runner`` a program that calls it.
"""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

__all__ = ["TESTED", "sections", "source_of"]

TESTED = tuple(sorted(path.stem for path in Path(__file__).parent.glob("*.txt")))
"""The languages that have a file."""


@cache
def sections(language: str) -> dict[str, str]:
    """Return the sections of a language's file by their names."""
    text = (Path(__file__).parent / f"{language}.txt").read_text(encoding="utf-8")
    parts = re.split(r"(?m)^#### (.+)\n", text)[1:]
    return {
        name: content.removesuffix("\n")
        for name, content in zip(parts[::2], parts[1::2], strict=True)
    }


def source_of(language: str, part: str = "", whole: str = "add") -> str:
    """Return a program: ``broken``, ``text``, or one of the other sections in its whole."""
    known = sections(language)
    if part in ("broken", "text"):
        return known[part]
    return (
        known[whole]
        .replace("HERE", known[part] if part else "")
        .replace("OUTER", known.get(f"{part} outer", ""))
    )
