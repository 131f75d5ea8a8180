"""Functions that ENAMEL's input generators call; the order of their random draws is part of them.

The text of this module is what runs before a generator, in the sandbox: it has no other use.
"""

import math
import random

__all__ = ["miller_rabin", "rand_parens", "rand_primality", "rand_probably_prime"]


def rand_parens(
    size: int, valid: bool = True, par: str = "()", sep: str | None = ""
) -> str | list[str]:
    """Return balanced parentheses, groups joined by ``sep`` or, if that is None, a list of them.

    Those that are not ``valid`` close once too often and open once too often in the middle.
    """
    if not valid:
        halves = [f"{rand_parens((size + 1) // 2 - 1, par=par)}" for _ in range(2)]
        return halves[0] + par[1] + par[0] + halves[1]
    size += size % 2
    depth = 0
    groups: list[list[str]] = []
    for position in range(size):
        if depth == 0:
            groups.append([])
        if depth == 0 or (depth < size - position and random.randint(0, 1) == 1):
            groups[-1].append(par[0])
            depth += 1
        else:
            groups[-1].append(par[1])
            depth -= 1
    texts = ["".join(group) for group in groups]
    return texts if sep is None else sep.join(texts)


def miller_rabin(n: int, k: int = 5) -> bool:
    """Return whether ``n`` is probably prime, after ``k`` rounds."""
    if n in (2, 3):
        return True
    if n <= 1 or n % 2 == 0:
        return False
    odd, twos = n - 1, 0
    while odd % 2 == 0:
        odd //= 2
        twos += 1
    for _ in range(k):
        power = pow(random.randint(2, n - 2), odd, n)
        if power in (1, n - 1):
            continue
        for _ in range(twos - 1):
            power = power * power % n
            if power == n - 1:
                break
        else:
            return False
    return True


def rand_probably_prime(lb: int, ub: int | None = None) -> int:
    """Return a random number that is probably prime, of a range that the bounds give."""
    if ub is None:
        lb = max(lb, 3)
        low, high = lb // 2, lb
    else:
        low = max(lb, 0)
        high = max(2 * low, ub, 3)
    while True:
        number = random.randint(low, high)
        if miller_rabin(number):
            return number


def rand_primality(size: int, lid: int, cid: int) -> int:
    """Return a number for a test of primality: hard composites, a prime, a square, a product."""
    size = max(size, 4)
    if lid == 0 and cid < 4:
        return (30031, 561, 2, 125)[cid]
    if cid % 3 == 0:
        return rand_probably_prime(size)
    root = int(math.sqrt(size) + 1)
    if cid % 3 == 1:
        return rand_probably_prime(root) ** 2
    return rand_probably_prime(root) * rand_probably_prime(root)
