"""The ids of a task's problems, and the spellings under which samples files name them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from codeeval.tasks.ids import TaskIds
from codeeval.tasks.task import Problem, Task

__all__ = ["SampleIds"]

_LONGEST_ID = 200  # longer ones are no spelling of anything; comparing them would only cost time


@dataclass(frozen=True)
class SampleIds:
    """The ids of a task's problems, in the task's order.

    Attributes:
        ids: The ids, each once, in the order that files without ids (``generations.json``) follow.
        prompts: The prompt of each id, if completions shall be compared with them.
        order: The ids of all problems that files without ids follow, also of those that the task
            leaves out; ``ids`` if empty.
        exact: Each id under its own spelling: the quick way for readers of many lines.

    Raises:
        ValueError: If an id occurs twice.
    """

    ids: tuple[str, ...]
    prompts: Mapping[str, str] = field(default_factory=dict, repr=False)
    order: tuple[str, ...] = ()
    exact: Mapping[str, str] = field(init=False, repr=False, compare=False)
    _spellings: TaskIds = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "ids", tuple(self.ids))
        object.__setattr__(self, "exact", {each: each for each in self.ids})
        if len(self.exact) != len(self.ids):
            twice = next(each for each in self.ids if self.ids.count(each) > 1)
            raise ValueError(f"problem id {twice!r} occurs twice")
        object.__setattr__(self, "order", tuple(self.order) or self.ids)
        object.__setattr__(self, "_spellings", TaskIds(dict.fromkeys((*self.ids, *self.order))))

    @classmethod
    def of(cls, problems: Iterable[Problem], order: Iterable[str] = ()) -> SampleIds:
        """Return the ids and prompts of ``problems``; see the attribute ``order``."""
        pairs = [(problem.id, problem.prompt) for problem in problems]
        return cls(tuple(task_id for task_id, _ in pairs), dict(pairs), tuple(order))

    @classmethod
    def of_task(cls, task: Task) -> SampleIds:
        """Return those of a task, with the ``order`` that it may have."""
        return cls.of(task.problems(), getattr(task, "order", ()))

    def is_left_out(self, task_id: str) -> bool:
        """Whether an id is of a problem that the task leaves out."""
        return task_id not in self.exact and task_id in self.order

    def resolve(self, raw: str | int) -> str | None:
        """Return the id that ``raw`` spells, or None; ``-`` before the number is taken for ``/``.

        See `codeeval.tasks.ids.TaskIds.resolve`.
        """
        text = str(raw)
        if text in self.exact or len(text) > _LONGEST_ID:
            return self.exact.get(text)
        known = self._spellings.resolve(text)
        if known is None:
            prefix, _, number = text.rpartition("-")
            if prefix:
                known = self._spellings.resolve(f"{prefix}/{number}")
        return known

    def nearest(self, raw: str | int, count: int = 3) -> list[str]:
        """Return the ids most like ``raw``, best first; the first ids if none is like it."""
        return self._spellings.nearest(str(raw)[:_LONGEST_ID], count) or list(self.ids[:count])
