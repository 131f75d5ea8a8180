"""The ids of a task's problems, and the spellings under which samples files name them."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from codeeval.tasks.task import Problem

__all__ = ["SampleIds"]

_SEPARATORS = re.compile(r"[/_\-\s]+")
_NUMBER = re.compile(r"[0-9]+")
_LONGEST_ID = 200  # longer ones are no spelling of anything; comparing them would only cost time


@dataclass(frozen=True)
class SampleIds:
    """The ids of a task's problems, in the task's order.

    Attributes:
        ids: The ids, each once, in the order that files without ids (``generations.json``) follow.
        prompts: The prompt of each id, if completions shall be compared with them.

    Raises:
        ValueError: If an id occurs twice.
    """

    ids: tuple[str, ...]
    prompts: Mapping[str, str] = field(default_factory=dict, repr=False)
    exact: Mapping[str, str] = field(init=False, repr=False, compare=False)
    _loose: Mapping[str, str] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "ids", tuple(self.ids))
        object.__setattr__(self, "exact", {each: each for each in self.ids})
        if len(self.exact) != len(self.ids):
            twice = next(each for each in self.ids if self.ids.count(each) > 1)
            raise ValueError(f"problem id {twice!r} occurs twice")
        object.__setattr__(self, "_loose", _loose_spellings(self.ids))

    @classmethod
    def of(cls, problems: Iterable[Problem]) -> SampleIds:
        """Return the ids and prompts of ``problems``."""
        prompts = {problem.id: problem.prompt for problem in problems}
        return cls(tuple(prompts), prompts)

    def resolve(self, raw: str | int) -> str | None:
        """Return the id that ``raw`` spells, or None.

        Case and the separators ``/ _ -`` make no difference; a bare number names the problem
        with that number. A spelling that fits two problems names neither.
        """
        text = str(raw)
        known = self.exact.get(text)
        if known is not None or len(text) > _LONGEST_ID:
            return known
        return self._loose.get(_loose(text))

    def nearest(self, raw: str | int, count: int = 3) -> list[str]:
        """Return the ids most like ``raw``, best first."""
        text = str(raw)[:_LONGEST_ID]
        return difflib.get_close_matches(text, self.ids, n=count, cutoff=0.0)


def _loose(text: str) -> str:
    return _SEPARATORS.sub("/", text.strip().casefold())


def _loose_spellings(ids: Iterable[str]) -> dict[str, str]:
    """Return the loose form and the bare number of each id, without those that fit two ids."""
    spellings: dict[str, str] = {}
    shared: set[str] = set()
    for known in ids:
        loose = _loose(known)
        forms = {loose}
        number = loose.rpartition("/")[2]
        if _NUMBER.fullmatch(number):
            forms.add(number)
            if number == loose:
                # The original MBPP numbers its problems barely; others call them Mbpp/11, MBPP/11.
                forms.add(f"mbpp/{number}")
        for form in forms:
            if spellings.setdefault(form, known) != known:
                shared.add(form)
    for form in shared:
        del spellings[form]
    return spellings
