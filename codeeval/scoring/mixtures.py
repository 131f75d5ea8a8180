"""pass@k of samples that come from several settings: temperatures, prompts.

Such samples are no draws from one distribution: n and c must not be added up over settings.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import exp, prod

import numpy as np

from codeeval.scoring.counts import Counts, check_k, checked_counts, log_miss

__all__ = ["pass_at_fixed_plan", "pass_at_random_settings"]

MOST_K = 1000
"""Binomial coefficients of larger ones are no floats."""


def pass_at_fixed_plan(num_samples: Counts, num_correct: Counts, ks: Sequence[int]) -> float:
    """Estimate the chance that one of ``k_t`` samples of each setting t is correct, without bias.

    This is ``1 - prod_t C(n_t - c_t, k_t) / C(n_t, k_t)`` for one problem.

    Args:
        num_samples: n of each setting, shape ``(settings,)``.
        num_correct: c of each setting, same shape.
        ks: How many samples are drawn of each setting, ``0 <= k_t <= n_t``.

    Raises:
        ValueError: If a number is out of range, or lengths differ.
    """
    n, c = checked_counts(num_samples, num_correct, 1, metric="pass@k")
    whole = all(isinstance(k, int | np.integer) for k in ks)
    if not whole or len(ks) != n.size or any(not 0 <= k <= t for k, t in zip(ks, n, strict=True)):
        raise ValueError(f"draws {list(ks)} from settings with {n.tolist()} samples")
    misses = (exp(log_miss(int(a), int(b), k)) for a, b, k in zip(n, c, ks, strict=True))
    return 1 - prod(misses)


def pass_at_random_settings(
    num_samples: Counts, num_correct: Counts, k: int, shares: Sequence[float]
) -> float:
    """Estimate the chance that one of k samples is correct, each from a random setting.

    This is ``1 - k! [z^k] prod_t sum_j (pi_t z)^j / j! q_(t, j)`` for one problem: unbiased for
    ``1 - (1 - sum_t pi_t p_t)^k``.

    Args:
        num_samples: n of each setting, each at least k.
        num_correct: c of each setting.
        k: Samples drawn.
        shares: pi, the chance of each setting; they sum to 1.

    Raises:
        ValueError: If a number is out of range, or lengths differ.
    """
    check_k(k, f"pass@{k}")
    n, c = checked_counts(num_samples, num_correct, k, metric=f"pass@{k}")
    if k > MOST_K:
        raise ValueError(f"pass@{k} of random settings is computed up to k = {MOST_K}")
    if len(shares) != n.size or not min(shares) >= 0 or not abs(sum(shares) - 1) <= 1e-9:
        raise ValueError(f"shares of {n.size} settings must sum to 1, not {list(shares)}")
    # Binomial convolution: coefficient j holds j! times that of z^j, so nothing overflows.
    miss = np.array([1.0] + [0.0] * k)
    choose = _pascal(k)
    for total, good, share in zip(n.tolist(), c.tolist(), shares, strict=True):
        own = np.array([share**j * exp(log_miss(total, good, j)) for j in range(k + 1)])
        miss = np.array(
            [(choose[j, : j + 1] * miss[: j + 1] * own[j::-1]).sum() for j in range(k + 1)]
        )
    return float(min(max(1 - miss[k], 0.0), 1.0))


def _pascal(k: int) -> np.ndarray:
    """Return the binomial coefficients up to k."""
    rows = np.zeros((k + 1, k + 1))
    rows[:, 0] = 1
    for j in range(1, k + 1):
        rows[j, 1 : j + 1] = rows[j - 1, 1 : j + 1] + rows[j - 1, :j]
    return rows
