"""maj@k: the chance that the answer that most of k samples agree on is correct.

Samples agree if they behave alike: the same outputs on a fixed set of inputs, where a crash is an
output, too. Samples that produce nothing belong to no class and cannot win.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from fractions import Fraction
from math import comb, sqrt

import numpy as np

from codeeval.scoring.counts import check_k

__all__ = ["maj_at_k", "maj_at_k_sampled"]


def maj_at_k(
    class_counts: Sequence[int], correct: Collection[int], k: int, *, classless: int = 0
) -> float:
    """Estimate maj@k (cons@k) of one problem, without bias.

    It is the share of the subsets of k samples whose largest class is correct. Where several
    classes are largest, a subset counts by the share of those that are correct.

    Args:
        class_counts: How many samples each behaviour class has.
        correct: The indices of the correct classes.
        k: Samples drawn, ``1 <= k <= n``. Above 100 with many classes see `maj_at_k_sampled`.
        classless: How many samples belong to no class; n is these and those of the classes.

    Raises:
        ValueError: If a number is out of range.

    Source: Wang et al. 2023, "Self-Consistency"; exact over all subsets.
    """
    n = _checked(class_counts, correct, k, classless)
    right = set(correct)
    won = Fraction(0)
    for top in range(1, k + 1):
        # How many ways there are to draw, by samples used, classes at the top, correct ones there.
        ways: Counter[tuple[int, int, int]] = Counter()
        for drawn in range(min(classless, k) + 1):
            ways[drawn, 0, 0] = comb(classless, drawn)
        for index, size in enumerate(class_counts):
            more: Counter[tuple[int, int, int]] = Counter()
            for (used, tied, good), count in ways.items():
                for drawn in range(min(size, top, k - used) + 1):
                    at_top = drawn == top
                    state = used + drawn, tied + at_top, good + (at_top and index in right)
                    more[state] += count * comb(size, drawn)
            ways = more
        for (used, tied, good), count in ways.items():
            if used == k and tied:
                won += Fraction(count * good, tied)
    return float(won / comb(n, k))


def maj_at_k_sampled(
    class_counts: Sequence[int],
    correct: Collection[int],
    k: int,
    *,
    classless: int = 0,
    draws: int = 10_000,
    seed: int = 0,
) -> tuple[float, float]:
    """Approximate `maj_at_k` by random subsets.

    Args:
        class_counts: As in `maj_at_k`.
        correct: As in `maj_at_k`.
        k: As in `maj_at_k`.
        classless: As in `maj_at_k`.
        draws: How many subsets.
        seed: Of the generator. Equal seeds give equal values.

    Returns:
        The value, and its standard error due to the drawing.

    Raises:
        ValueError: As `maj_at_k` does.
    """
    _checked(class_counts, correct, k, classless)
    generator = np.random.default_rng(seed)
    counts = generator.multivariate_hypergeometric([*class_counts, classless], k, size=draws)
    counts = counts[:, :-1]
    top = counts.max(axis=1, keepdims=True)
    tied = (counts == top) & (top > 0)
    good = np.isin(np.arange(len(class_counts)), list(correct))
    credit = (tied & good).sum(axis=1) / np.maximum(tied.sum(axis=1), 1)
    return float(credit.mean()), float(credit.std() / sqrt(draws))


def _checked(class_counts: Sequence[int], correct: Collection[int], k: int, classless: int) -> int:
    if not class_counts:
        raise ValueError("maj@k needs at least 1 class, of any size")
    check_k(k, f"maj@{k}")
    if any(size < 0 for size in (*class_counts, classless)):
        raise ValueError(f"sizes of classes are not below 0: {list(class_counts)}, {classless}")
    wrong = [index for index in correct if not 0 <= index < len(class_counts)]
    if wrong:
        raise ValueError(f"there is no class {wrong[0]} among {len(class_counts)}")
    n = sum(class_counts) + classless
    if not 1 <= k <= n:
        raise ValueError(f"maj@{k} needs k from 1 to the {n} samples")
    return n
