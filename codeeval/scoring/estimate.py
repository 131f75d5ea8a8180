"""The number a report prints, with how sure it is and how it was made."""

from __future__ import annotations

from dataclasses import asdict, dataclass


@dataclass(frozen=True, kw_only=True)
class Estimate:
    """One metric of one evaluation.

    Attributes:
        metric: Name with its k, as text and JSON keys spell it: ``"pass@1"``.
        value: Mean of the metric over the problems, each with equal weight.
        low: Lower end of the interval at ``level``; None when no interval is reliable.
        high: Upper end; None exactly when ``low`` is, and then ``note`` says why.
        level: Confidence level of the interval, in (0, 1).
        tasks: Number of problems averaged over, N of the statistical formulas.
        samples: Number of samples of all problems together.
        method: How the interval was made, ``"t"`` or ``"Wilson"``, with the clusters if any;
            ``"none"`` without an interval.
        se: Standard error over problems: would the value hold on other problems of this kind?
            None when it cannot be estimated or would be a meaningless zero.
        se_sampling: Standard error within problems: would the value hold if the same problems
            were sampled again? None under the same conditions.
        note: What a reader must know before trusting the interval; empty when nothing.
    """

    metric: str
    value: float
    low: float | None
    high: float | None
    level: float = 0.95
    tasks: int
    samples: int
    method: str
    se: float | None = None
    se_sampling: float | None = None
    note: str = ""

    def as_dict(self) -> dict[str, str | float | int | None]:
        """Return the fields in their order, ready for JSON."""
        return asdict(self)
