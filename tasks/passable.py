"""Published rows in the form of MultiPL-E that no answer can pass: a table that was measured.

The table holds those of HumanEval and MBPP whose tests cannot be compiled, whatever the answer, by
``codeeval validate-rows``. In C# a list or a dictionary that is compared by reference is never
equal; that is seen in the text of the tests, of any row.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path

__all__ = ["compares_by_reference", "is_passable"]

DATA = Path(__file__).parent / "rows" / "unpassable.json"
BY_REFERENCE = re.compile(r"\.Equals\(.*\bnew (?:List|Dictionary)<")


def is_passable(language: str, name: str, tests: str) -> bool:
    """Whether an answer can pass a published row.

    Args:
        language: Its language.
        name: Its name: ``HumanEval_51_remove_vowels``.
        tests: Its tests.
    """
    return name not in _table().get(language, ()) and not compares_by_reference(language, tests)


def compares_by_reference(language: str, tests: str) -> bool:
    """Whether tests compare what is made anew by reference, which never holds."""
    return language == "csharp" and BY_REFERENCE.search(tests) is not None


@cache
def _table() -> Mapping[str, frozenset[str]]:
    """Return the names of rows that cannot be compiled, by language."""
    known = json.loads(DATA.read_text("utf-8"))
    return {language: frozenset(names) for language, names in known.items()}
