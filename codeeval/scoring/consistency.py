"""Consistency: the chance that all, or at least a share, of k samples of a problem are correct.

The number of correct ones among k of n samples, c of them correct, is hypergeometric.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from math import ceil, exp

import numpy as np
from numpy.typing import NDArray

from codeeval.scoring.counts import Counts, checked_counts, for_each, log_miss

__all__ = ["g_pass_at_k", "mg_pass_at_k", "pass_hat_k"]


def pass_hat_k(
    num_samples: Counts,
    num_correct: Counts,
    k: int,
    *,
    problem_ids: Sequence[str] | None = None,
) -> NDArray[np.float64]:
    """Estimate pass^k for each problem, without bias: the chance that all of k samples are correct.

    This is ``C(c, k) / C(n, k)``, whose mean is ``p^k``.

    Args and errors are those of `pass_at_k`.

    Source: Yao et al. 2024, "tau-bench".
    """
    metric = f"pass^{k}"
    n, c = checked_counts(num_samples, num_correct, k, metric=metric, problem_ids=problem_ids)
    return for_each(lambda n, c, k: exp(log_miss(n, n - c, k)), n, c, k)


def g_pass_at_k(
    num_samples: Counts,
    num_correct: Counts,
    k: int,
    tau: float | str | Fraction,
    *,
    problem_ids: Sequence[str] | None = None,
) -> NDArray[np.float64]:
    """Estimate G-Pass@k_tau for each problem, without bias.

    It is the chance that at least ``m = max(1, ceil(tau k))`` of k samples are correct: pass@k for
    tau near 0, pass^k for tau = 1.

    Args:
        num_samples: As in `pass_at_k`.
        num_correct: As in `pass_at_k`.
        k: As in `pass_at_k`.
        tau: The share, in [0, 1]. A float is taken for the decimal number that it prints as: 0.55
            of 100 are 55, not 56.
        problem_ids: As in `pass_at_k`.

    Raises:
        ValueError: As `pass_at_k` does, and if tau is out of range.

    Source: Liu et al. 2024, "Are Your LLMs Capable of Stable Reasoning?".
    """
    share = tau if isinstance(tau, Fraction) else Fraction(str(tau))
    if not 0 <= share <= 1:
        raise ValueError(f"G-Pass@{k}: tau is a share from 0 to 1, not {tau}")
    metric = f"G-Pass@{k}"
    n, c = checked_counts(num_samples, num_correct, k, metric=metric, problem_ids=problem_ids)
    return _at_least(n, c, k, max(1, ceil(share * k)))


def mg_pass_at_k(
    num_samples: Counts,
    num_correct: Counts,
    k: int,
    *,
    problem_ids: Sequence[str] | None = None,
) -> NDArray[np.float64]:
    """Estimate mG-Pass@k for each problem: the mean of G-Pass@k over the shares above one half.

    This is ``2/k sum_i G-Pass@k_(i/k)`` over i = ceil(k/2) + 1 .. k. As published it reaches 1 for
    even k only, so that is what k has to be.

    Args and errors are those of `pass_at_k`; an odd k is a ValueError, too.

    Source: Liu et al. 2024, "Are Your LLMs Capable of Stable Reasoning?".
    """
    metric = f"mG-Pass@{k}"
    n, c = checked_counts(num_samples, num_correct, k, metric=metric, problem_ids=problem_ids)
    if k % 2:
        raise ValueError(f"{metric} needs an even k: for an odd one a perfect model stays below 1")
    terms = [_at_least(n, c, k, least) for least in range(k // 2 + 1, k + 1)]
    return np.asarray(2 / k * np.sum(terms, axis=0))


def _at_least(
    n: NDArray[np.int64], c: NDArray[np.int64], k: int, least: int
) -> NDArray[np.float64]:
    from scipy.stats import hypergeom

    return np.clip(np.asarray(hypergeom.sf(least - 1, n, c, k), dtype=np.float64), 0.0, 1.0)
