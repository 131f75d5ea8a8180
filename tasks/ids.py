"""The spellings of task ids: ``HumanEval_0``, ``MBPP/11`` and ``11`` are ids that files hold."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Collection
from difflib import get_close_matches

__all__ = ["TaskIds", "nearest_ids", "resolve_id"]

_NUMBERED = re.compile(r"(?:(?P<prefix>.*?)[/_])?(?P<number>\d+)", re.DOTALL)
_OF_BARE_NUMBERS = "mbpp"
"""The benchmark whose upstream ids are numbers without a prefix."""


class TaskIds:
    """The ids of a task, found by any of their spellings."""

    def __init__(self, known: Collection[str]) -> None:
        self._known = dict.fromkeys(known)
        self._numbered: dict[str, list[str]] = defaultdict(list)
        self._folders: dict[str, list[str]] = defaultdict(list)
        for name in self._known:
            self._folders[name.replace("/", "_")].append(name)
            if match := _NUMBERED.fullmatch(name):
                self._numbered[_number(match)].append(name)

    def resolve(self, raw: object) -> str | None:
        """Return the id that ``raw`` is a spelling of; None if there is none or more than one.

        The prefix may be left out, be in other letters or end in ``_`` in place of ``/``. An id
        with another prefix is another benchmark's.
        """
        if isinstance(raw, bool) or not isinstance(raw, (str, int)):
            return None
        text = str(raw).strip()
        if text in self._known:
            return text
        hits = self._folders.get(text, [])
        if not hits and (match := _NUMBERED.fullmatch(text)):
            prefix = (match["prefix"] or "").lower()
            hits = [
                name
                for name in self._numbered.get(_number(match), [])
                if not prefix or prefix == _prefix(name)
            ]
        return hits[0] if len(hits) == 1 else None

    def nearest(self, raw: object, count: int = 3) -> list[str]:
        """Return the ids that look most like ``raw``, best first, for messages."""
        lower = {name.lower(): name for name in self._known}
        hits = get_close_matches(str(raw).strip().lower(), lower, n=count, cutoff=0.6)
        return [lower[hit] for hit in hits]


def resolve_id(raw: object, known: Collection[str]) -> str | None:
    """Return the id of ``known`` that ``raw`` is a spelling of; see `TaskIds.resolve`."""
    return TaskIds(known).resolve(raw)


def nearest_ids(raw: object, known: Collection[str], count: int = 3) -> list[str]:
    """Return the ids of ``known`` that look most like ``raw``; see `TaskIds.nearest`."""
    return TaskIds(known).nearest(raw, count)


def _number(match: re.Match[str]) -> str:
    return match["number"].lstrip("0") or "0"


def _prefix(name: str) -> str:
    match = _NUMBERED.fullmatch(name)
    return ((match and match["prefix"]) or _OF_BARE_NUMBERS).lower()
