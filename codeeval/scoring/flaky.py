"""Verdicts that are not always the same: how wrong they are, and what that does to a score."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

__all__ = [
    "corrected_rate",
    "flakiness_bound",
    "hodges_lehmann",
    "majority_error",
    "retried_pass_rate",
]


def majority_error(error: float, repeats: int) -> float:
    """Return how often the majority of independent verdicts is wrong.

    Args:
        error: How often one of them is, in [0, 1].
        repeats: How many there are, odd.

    Raises:
        ValueError: If an argument is out of range.
    """
    from scipy.special import bdtrc

    if not 0 <= error <= 1:
        raise ValueError(f"an error rate is from 0 to 1, not {error}")
    if repeats < 1 or repeats % 2 == 0:
        raise ValueError(f"a majority needs an odd number of verdicts, not {repeats}")
    return float(bdtrc(repeats // 2, repeats, error))


def retried_pass_rate(pass_rate: float, tries: int) -> float:
    """Return how often a sample passes that is tried again until it passes: ``1 - (1-p)^tries``.

    This is why failures of a model are never tried again: it is not neutral.
    """
    if not 0 <= pass_rate <= 1 or tries < 1:
        raise ValueError(f"a rate from 0 to 1 and at least 1 try, not {pass_rate}, {tries}")
    return 1 - (1 - pass_rate) ** tries


def flakiness_bound(runs: int, *, level: float = 0.95) -> float:
    """Return the largest failure rate that ``runs`` runs without a failure leave possible.

    It is ``1 - (1 - level)^(1 / runs)``, about ``3 / runs`` at 95 % (the rule of three).
    """
    if runs < 1 or not 0 < level < 1:
        raise ValueError(f"at least 1 run and a level between 0 and 1, not {runs}, {level}")
    return float(1 - (1 - level) ** (1 / runs))


def corrected_rate(
    observed: float, false_fail: float, false_pass: float, *, se: float | None = None
) -> tuple[float, float | None]:
    """Return the true pass rate behind an observed one, and its standard error.

    As ``p' = p (1 - alpha) + (1 - p) beta``, it is ``(p' - beta) / (1 - alpha - beta)``, cut to
    [0, 1].

    Args:
        observed: p', in [0, 1].
        false_fail: alpha, how often a right sample fails.
        false_pass: beta, how often a wrong one passes.
        se: Standard error of ``observed``, if there is one.

    Raises:
        ValueError: If alpha and beta leave nothing to be seen.

    Source: Rogan and Gladen 1978, "Estimating Prevalence from the Results of a Screening Test".
    """
    scale = 1 - false_fail - false_pass
    if not 0 <= observed <= 1:
        raise ValueError(f"an observed rate is from 0 to 1, not {observed}")
    if min(false_fail, false_pass) < 0 or not scale > 0:
        raise ValueError(f"error rates {false_fail} and {false_pass} must sum below 1")
    value = min(max((observed - false_pass) / scale, 0.0), 1.0)
    return value, None if se is None else se / scale


def hodges_lehmann(values: ArrayLike) -> float:
    """Return the median of the means of all pairs, each value paired with itself, too.

    A middle of repeated timings that a few slow ones do not move.

    Raises:
        ValueError: If there is no value, or one is not finite.

    Source: Hodges and Lehmann 1963, "Estimates of Location Based on Rank Tests".
    """
    array = np.asarray(values, dtype=np.float64)
    if array.ndim != 1 or not array.size or not np.isfinite(array).all():
        raise ValueError("a middle needs at least 1 value, each a finite number")
    first, second = np.triu_indices(array.size)
    return float(np.median((array[first] + array[second]) / 2))
