"""How many problems and samples it takes to see a difference, before anything is run.

Source of the variance decomposition: Miller 2024, "Adding Error Bars to Evals", section 5.
"""

from __future__ import annotations

from math import ceil, inf, sqrt
from statistics import NormalDist

__all__ = [
    "best_samples_per_problem",
    "detectable_by_mcnemar",
    "detectable_difference",
    "problems_for_mcnemar",
    "problems_needed",
]


def problems_needed(
    difference: float,
    *,
    omega2: float,
    sigma2_a: float = 0.0,
    sigma2_b: float = 0.0,
    samples_a: int = 1,
    samples_b: int = 1,
    level: float = 0.05,
    power: float = 0.8,
) -> int:
    """Return how many problems it takes to see a difference of two models.

    ``N = (z_(1-level/2) + z_power)^2 (omega^2 + s_A^2 / K_A + s_B^2 / K_B) / difference^2``.

    Args:
        difference: Of the two scores, above 0.
        omega2: Variance over problems of the true difference.
        sigma2_a: Mean variance within problems of A: the mean of p (1 - p) for pass@1.
        sigma2_b: That of B.
        samples_a: Samples of each problem of A, K_A.
        samples_b: Samples of each problem of B, K_B.
        level: Of the two-sided test.
        power: The chance to see the difference.

    Raises:
        ValueError: If an argument is out of range.
    """
    if not 0 < difference < inf:
        raise ValueError(f"a difference to be seen is above 0, not {difference}")
    variance = _variance(omega2, sigma2_a, sigma2_b, samples_a, samples_b)
    return ceil(_z_sum(level, power) ** 2 * variance / difference**2 - 1e-9)


def detectable_difference(
    problems: int,
    *,
    omega2: float,
    sigma2_a: float = 0.0,
    sigma2_b: float = 0.0,
    samples_a: int = 1,
    samples_b: int = 1,
    level: float = 0.05,
    power: float = 0.8,
) -> float:
    """Return the smallest difference that this many problems show.

    The inverse of `problems_needed`, with its arguments and errors.
    """
    if problems < 1:
        raise ValueError(f"at least 1 problem, not {problems}")
    variance = _variance(omega2, sigma2_a, sigma2_b, samples_a, samples_b)
    return _z_sum(level, power) * sqrt(variance / problems)


def problems_for_mcnemar(
    difference: float, discordance: float, *, level: float = 0.05, power: float = 0.8
) -> int:
    """Return how many problems McNemar's test takes, one sample of each.

    ``N = (z_a sqrt(psi) + z_b sqrt(psi - d^2))^2 / d^2``.

    Args:
        difference: d, above 0 and at most ``discordance``.
        discordance: psi, the share of problems that exactly one of the models solves.
        level: Of the two-sided test.
        power: The chance to see the difference.

    Raises:
        ValueError: If an argument is out of range.

    Source: Connor 1987, "Sample Size for Testing Differences in Proportions for the
    Paired-Sample Design".
    """
    if not 0 < difference <= discordance <= 1:
        raise ValueError(
            f"a difference is above 0 and at most the discordance: {difference}, {discordance}"
        )
    normal = NormalDist()
    _z_sum(level, power)
    z_a, z_b = normal.inv_cdf(1 - level / 2), normal.inv_cdf(power)
    root = z_a * sqrt(discordance) + z_b * sqrt(discordance - difference**2)
    return ceil(root**2 / difference**2 - 1e-9)


def detectable_by_mcnemar(
    problems: int, discordance: float, *, level: float = 0.05, power: float = 0.8
) -> float | None:
    """Return the smallest difference that McNemar's test shows on this many problems.

    The inverse of `problems_for_mcnemar`. A difference above ``discordance`` would raise that: then
    they are the same.

    Returns:
        The difference; None if even one of 1 would not be seen.

    Raises:
        ValueError: If an argument is out of range.
    """
    if problems < 1 or not 0 <= discordance <= 1:
        raise ValueError(f"at least 1 problem and a share, not {problems}, {discordance}")
    low, high = 0.0, 1.0
    if problems_for_mcnemar(1.0, 1.0, level=level, power=power) > problems:
        return None
    while high - low > 1e-9:
        middle = (low + high) / 2
        psi = max(middle, discordance)
        if problems_for_mcnemar(middle, psi, level=level, power=power) <= problems:
            high = middle
        else:
            low = middle
    return high


def best_samples_per_problem(cost_ratio: float, *, sigma2: float, variance_of_p: float) -> float:
    """Return how many samples of each problem give most for a given cost.

    ``K* = sqrt(c0 / c1 s^2 / Var(p))``, where c0 is the cost of a problem and c1 that of a sample.

    Args:
        cost_ratio: c0 / c1, at least 0.
        sigma2: Mean variance within problems.
        variance_of_p: Variance over problems; infinitely many samples if it is 0.

    Raises:
        ValueError: If an argument is below 0.
    """
    if min(cost_ratio, sigma2, variance_of_p) < 0:
        raise ValueError("costs and variances are not below 0")
    return sqrt(cost_ratio * sigma2 / variance_of_p) if variance_of_p else inf


def _variance(
    omega2: float, sigma2_a: float, sigma2_b: float, samples_a: int, samples_b: int
) -> float:
    if not all(0 <= variance < inf for variance in (omega2, sigma2_a, sigma2_b)):
        raise ValueError(f"variances are not below 0: {omega2}, {sigma2_a}, {sigma2_b}")
    if min(samples_a, samples_b) < 1:
        raise ValueError(f"at least 1 sample of each problem, not {samples_a}, {samples_b}")
    return omega2 + sigma2_a / samples_a + sigma2_b / samples_b


def _z_sum(level: float, power: float) -> float:
    if not 0 < level < 1 or not 0 < power < 1:
        raise ValueError(f"level and power lie between 0 and 1; {level}, {power} do not")
    normal = NormalDist()
    return normal.inv_cdf(1 - level / 2) + normal.inv_cdf(power)
