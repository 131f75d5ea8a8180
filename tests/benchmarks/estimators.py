"""How long the estimators take: python tests/benchmarks/estimators.py"""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np

from codeeval.scoring.boards import rank_ranges, win_rates
from codeeval.scoring.comparison import permutation_test
from codeeval.scoring.intervals import bootstrap_interval
from codeeval.scoring.order_statistics import best_of_k
from codeeval.scoring.pass_at_k import pass_at_k, pass_at_k_estimate

KS = (1, 2, 5, 10, 20, 50, 64, 100, 128, 200)


def best(call: Callable[[], object], times: int = 5) -> float:
    """Return the least of several times, in milliseconds."""
    seconds = []
    for _ in range(times):
        begun = time.perf_counter()
        call()
        seconds.append(time.perf_counter() - begun)
    return 1000 * min(seconds)


def main() -> None:
    """Print a table."""
    rng = np.random.default_rng(0)
    n = np.full(10_000, 200)
    c = rng.integers(0, 201, 10_000)
    scores = rng.random((10_000, 200))
    values, d = rng.random(1000), rng.normal(size=1000)
    board = rng.random((34, 118))
    rows = [
        ("pass@k, 10,000 problems x 200 samples, 10 k", lambda: [pass_at_k(n, c, k) for k in KS]),
        ("the same with intervals", lambda: [pass_at_k_estimate(n, c, k) for k in KS]),
        ("best@k of scores, the same size", lambda: best_of_k(scores, KS)),
        ("BCa bootstrap of a mean, 10,000 of 1,000", lambda: bootstrap_interval(values)),
        ("BCa bootstrap of a median", lambda: bootstrap_interval(values, np.median)),
        ("permutation test, 100,000 of 1,000", lambda: permutation_test(d)),
        ("rank ranges, 34 models x 118 problems", lambda: rank_ranges(board)),
        ("win rates, 34 models x 118 problems", lambda: win_rates(board)),
    ]
    print("| what | ms |\n| --- | --- |")
    for name, call in rows:
        print(f"| {name} | {best(call):,.0f} |", flush=True)


if __name__ == "__main__":
    main()
