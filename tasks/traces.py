"""Traces of execution as lists of line numbers: read from replies, compared with the true one.

A step is the number of a line, from 1. Where threads run, parentheses stand for the begin and the
end of the concurrent part: they are the texts ``"("`` and ``")"`` among the steps.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from itertools import groupby, pairwise

__all__ = [
    "Closeness",
    "Step",
    "answer_text",
    "closeness",
    "collapsed",
    "concurrent_similarity",
    "length_class",
    "similarity",
    "steps_in",
    "steps_text",
]

Step = int | str
LONGEST_NUMBER = 9
"""Digits of the largest line number; more are none."""
LONGEST = 5000
"""Steps of which more are not compared one by one but by their number."""
LONGEST_TEXT = 500_000
"""Characters of which more are not compared: the matcher would take minutes for them."""
ELLIPSIS = ("...", "repeats")
_STEP = re.compile(r"""[ \t]*(?P<quote>['"]?)(-?\d+|\(|\))(?P=quote)[ \t]*""")


def candidates(reply: str) -> list[str]:
    """Return what stands between brackets, in order: ``[`` up to the next ``]`` of its line.

    On the last line the closing one may be missing. Takes time that is linear in the text.
    """
    found = []
    lines = reply.split("\n")
    for number, line in enumerate(lines):
        start = line.find("[")
        while start >= 0:
            end = line.find("]", start)
            if end < 0:
                if number == len(lines) - 1:
                    found.append(line[start:])
                break
            found.append(line[start : end + 1])
            start = line.find("[", end)
    return found


def steps_in(text: str) -> list[Step] | None:
    """Return the steps of a list such as ``[1, 2, (, 3, )]``; None if it is another text.

    Blanks do not matter, nor does a comma before the last bracket.
    """
    text = text.strip()
    if len(text) < 2 or text[0] != "[" or text[-1] != "]":
        return None
    inside = text[1:-1].strip().removesuffix(",")
    steps: list[Step] = []
    for item in inside.split(",") if inside.strip() else ():
        match = _STEP.fullmatch(item)
        if match is None or len(match[2]) > LONGEST_NUMBER:
            return None
        if match[2] not in "()" and match["quote"]:
            return None
        steps.append(match[2] if match[2] in "()" else int(match[2]))
    return steps


def answer_text(reply: str, shown: str = "") -> str:
    """Return the list that a reply ends with, as `steps_text` writes it; ``[]`` if it has none.

    That is the last list of numbers in it that is no part of the program which was shown. A list
    that is not written out (``[1, 2, ...]``) is taken as it is, and has no steps.

    Args:
        reply: Any text.
        shown: The program.

    Source: the rules of CoCoNUT's program (Beger and Dutta 2025), but for its evaluation of texts:
    only numbers and parentheses are read.
    """
    for text in reversed(candidates(reply)):
        steps = steps_in(text)
        if steps is not None and text not in shown:
            return steps_text(steps)
        if any(word in text for word in ELLIPSIS):
            return text
    return "[]"


def steps_text(steps: Iterable[Step]) -> str:
    """Return steps as the benchmark's files have them: ``[1, 2, (, 3, )]``."""
    return f"[{', '.join(map(str, steps))}]"


def collapsed(steps: Iterable[Step]) -> list[Step]:
    """Return the steps with equal ones that follow each other as one."""
    return [step for step, _ in groupby(steps)]


def similarity(actual: str, predicted: str) -> float:
    """Return what the benchmark calls distance: 1 for equal texts, near 0 for unlike ones.

    It compares the texts of two lists by their characters, with a comma between any two of them.
    From about 100 characters on it hangs on where the lists first differ. For equal numbers with
    published ones only; `closeness` is the measure to look at.

    Args:
        actual: The text of the true list, of which what is beyond `LONGEST_TEXT` is left out.
        predicted: That of the answer; the same.
    """
    mine, his = actual[:LONGEST_TEXT], predicted[:LONGEST_TEXT]
    return SequenceMatcher(None, ",".join(mine), ",".join(his)).ratio()


def concurrent_similarity(actual: str, predicted: str) -> float:
    """Do as `similarity` for programs with threads, where the benchmark compares numbers."""
    mine, his = _tokens(actual[:LONGEST_TEXT]), _tokens(predicted[:LONGEST_TEXT])
    return SequenceMatcher(None, ",".join(mine), ",".join(his)).ratio()


def _tokens(text: str) -> list[str]:
    """Return numbers and parentheses; a number ends at a comma only, whatever is in between."""
    tokens, number = [], ""
    for character in text:
        if character.isdigit():
            number += character
        elif character in "()":
            tokens.append(character)
        elif character == "," and number:
            tokens.append(number)
            number = ""
    return [*tokens, number] if number else tokens


@dataclass(frozen=True, slots=True)
class Closeness:
    """How near an answer comes to a trace.

    Attributes:
        exact: Whether they are equal.
        prefix: Share of the trace's steps before the first that differs.
        lcs_f1: Twice the longest common subsequence over the sum of both lengths.
        edit: 1 less the Levenshtein distance over the greater length.
        first_divergence: The place of the first step that differs, from 1; None if there is none.
    """

    exact: bool
    prefix: float
    lcs_f1: float
    edit: float
    first_divergence: int | None


def closeness(actual: Sequence[Step], predicted: Sequence[Step]) -> Closeness:
    """Return how near an answer comes to a trace.

    Args:
        actual: The trace.
        predicted: The answer. What is beyond `LONGEST` steps counts as different.

    Raises:
        ValueError: If the trace has no steps.
    """
    if not actual:
        raise ValueError("a trace has at least one step")
    same = 0
    for mine, his in zip(actual, predicted, strict=False):
        if mine != his:
            break
        same += 1
    exact = same == len(actual) == len(predicted)
    if exact:
        return Closeness(True, 1.0, 1.0, 1.0, None)
    # The common prefix belongs to a longest common subsequence and to a least number of edits.
    rest, answer = actual[same : same + LONGEST], predicted[same : same + LONGEST]
    common = same + _common(rest, answer)
    beyond = max(len(actual), len(predicted)) - same - max(len(rest), len(answer))
    edits = _edits(rest, answer) + max(0, beyond)
    return Closeness(
        False,
        same / len(actual),
        2 * common / (len(actual) + len(predicted)),
        1 - edits / max(len(actual), len(predicted)),
        same + 1,
    )


def _places(steps: Sequence[Step]) -> dict[Step, int]:
    """Return for each step the places where it stands, as bits."""
    places: dict[Step, int] = {}
    for place, step in enumerate(steps):
        places[step] = places.get(step, 0) | 1 << place
    return places


def _common(a: Sequence[Step], b: Sequence[Step]) -> int:
    """Return the length of a longest common subsequence, by bits.

    Source: Hyyrö 2004, "Bit-parallel LCS-length computation revisited".
    """
    if not a or not b:
        return 0
    places, ones = _places(a), (1 << len(a)) - 1
    row = ones
    for step in b:
        hit = row & places.get(step, 0)
        row = (row + hit | row - hit) & ones
    return len(a) - row.bit_count()


def _edits(a: Sequence[Step], b: Sequence[Step]) -> int:
    """Return the Levenshtein distance, by bits.

    Source: Hyyrö 2001, "Explaining and extending the bit-parallel approximate string matching
    algorithm of Myers".
    """
    if not a or not b:
        return max(len(a), len(b))
    places, last, ones = _places(a), 1 << (len(a) - 1), (1 << len(a)) - 1
    plus, minus, distance = ones, 0, len(a)
    for step in b:
        equal = places.get(step, 0)
        diagonal = (((equal & plus) + plus) ^ plus) | equal | minus
        up, down = (minus | ~(diagonal | plus)) & ones, plus & diagonal
        distance += bool(up & last) - bool(down & last)
        up, down = (up << 1 | 1) & ones, down << 1 & ones
        plus, minus = (down | ~(diagonal | up)) & ones, up & diagonal
    return distance


def length_class(steps: int, starts: Sequence[int]) -> str:
    """Return the class of length that a trace belongs to, given where the classes start."""
    names = [f"{start} – {end - 1} steps" for start, end in pairwise(starts)]
    names.append(f"{starts[-1]} steps and more")
    return names[max(place for place, start in enumerate(starts) if steps >= start)]
