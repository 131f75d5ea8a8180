"""Parts of a report: pass@k as a curve over k, and scores by kind of problem."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from codeeval.scoring.estimate import Estimate

__all__ = ["Group", "ProblemRow", "curve_ks", "groups_of"]

GROUPED = (
    *("difficulty", "domain", "kind", "language", "length", "passable", "released", "structure"),
)
"""Keys of metadata by which scores are given apart; dates by their year."""
MOST_GROUPS = 40
DIFFICULTIES = ("easy", "medium", "hard")
CURVE_POINTS = 16


@dataclass(frozen=True)
class ProblemRow:
    """What the samples of one problem came to.

    Attributes:
        task_id: The problem's id.
        samples: How many of its samples count: n. Infrastructure errors are left out, unless it
            was asked that they count as failed.
        correct: How many of those are right, for each column: c.
        statuses: How many samples had each status, infrastructure errors among them.
        metadata: The problem's metadata: domain, difficulty, released.
        values: For each column that is no pass or failure the score of each sample that counts.
    """

    task_id: str
    samples: int
    correct: Mapping[str, int]
    statuses: Mapping[str, int]
    metadata: Mapping[str, Any] = field(default_factory=dict)
    values: Mapping[str, Sequence[float]] = field(default_factory=dict)


@dataclass(frozen=True)
class Group:
    """The scores of the problems that share a value of their metadata.

    Attributes:
        key: The key: ``difficulty``.
        name: The value: ``hard``.
        problems: How many problems have it.
        estimates: Their estimates for each column, by ascending k.
    """

    key: str
    name: str
    problems: int
    estimates: Mapping[str, tuple[Estimate, ...]]

    @classmethod
    def from_dict(cls, record: Mapping[str, Any]) -> Group:
        """Build a group from the JSON types of one."""
        estimates = {
            column: tuple(Estimate(**estimate) for estimate in items)
            for column, items in record["estimates"].items()
        }
        return cls(record["key"], record["name"], record["problems"], estimates)


def curve_ks(fewest: int) -> list[int]:
    """Return the k at which a curve is drawn: all up to the fewest samples, or some of them.

    If they are many, their ratios are about the same.
    """
    if fewest < 3:
        return []
    if fewest <= CURVE_POINTS:
        return list(range(1, fewest + 1))
    return sorted({round(fewest ** (step / (CURVE_POINTS - 1))) for step in range(CURVE_POINTS)})


def groups_of(
    rows: Sequence[ProblemRow],
    estimates: Callable[[Sequence[ProblemRow]], Mapping[str, tuple[Estimate, ...]]],
) -> tuple[Group, ...]:
    """Return the scores by each key of the metadata that tells problems apart.

    Args:
        rows: The problems that count.
        estimates: Returns the estimates of some of them.
    """
    groups = []
    for key in GROUPED:
        members: dict[str, list[ProblemRow]] = {}
        for row in rows:
            value = row.metadata.get(key)
            name = "not said" if value in (None, "") else str(value)
            year = key == "released" and name[:4].isdigit()
            members.setdefault(name[:4] if year else name, []).append(row)
        if 2 <= len(members) <= MOST_GROUPS:
            groups += [
                Group(key, name, len(members[name]), estimates(members[name]))
                for name in sorted(members, key=_rank)
            ]
    return tuple(groups)


def _rank(name: str) -> tuple[int, int, str]:
    """Return the place of a group among others: difficulties and numbers rise, then by name."""
    if name.lower() in DIFFICULTIES:
        return 0, DIFFICULTIES.index(name.lower()), name
    number = name.partition(" ")[0]
    return (1, int(number), name) if number.isdecimal() else (2, 0, name)
