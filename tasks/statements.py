"""Which ranges of lines are Python programs, found without parsing all pairs of lines.

A program is a row of top-level statements, each of which parses alone. So it is enough to know for
each line where a statement that starts there may end. Tokens give the few lines that come into
question (every logical line is checked alone, once), the parser has the last word.
"""

from __future__ import annotations

import ast
import keyword
import re
import tokenize
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate

__all__ = ["farthest_ends", "parses"]

BLANKS = " \t\f"
NOT_PARSED = (SyntaxError, ValueError, MemoryError, RecursionError)
# Clauses that continue a compound statement -> what may start the clause before.
CONTINUES = {
    "elif": frozenset({"if", "elif"}),
    "else": frozenset({"if", "elif", "for", "while", "async", "except"}),
    "except": frozenset({"try", "except"}),
    "finally": frozenset({"try", "except", "else"}),
}
# What makes a logical line, alone, a program: text before it (the last line's indentation is kept).
BEFORE = {"elif": "if 1: 1\n", "else": "if 1: 1\n", "except": "try: 1\n", "finally": "try: 1\n"}
AFTER = {"try": "\nfinally: 1", "@": "\ndef f(): 1"}
CASE_BLOCK = "\n  1"
NEVER_PARSED = re.compile("[\0\ud800-\udfff]")
IMPOSSIBLE = frozenset("\"'?$!`\\\0")  # never a token of its own in a valid program
OPENING, CLOSING = frozenset("([{"), frozenset(")]}")
MOST_BRACKETS = 200  # the parser takes no more open at once
WORDS = (tokenize.NAME, tokenize.NUMBER)
LAYOUT = (tokenize.NL, tokenize.COMMENT, tokenize.ENDMARKER)


@dataclass(frozen=True, slots=True)
class _LogicalLine:
    """One logical line: indentation depth, first word, whether a block follows, text, last row."""

    depth: int
    head: str
    is_header: bool
    text: str
    end: int


def parses(text: str) -> bool:
    """Whether ``text`` is a Python module, as far as the parser sees."""
    try:
        ast.parse(text)
    except NOT_PARSED:
        return False
    return True


def farthest_ends(lines: Sequence[str]) -> list[int | None]:
    """Return for each line the last line up to which a program that starts there can reach.

    Args:
        lines: Lines without their line feed; a carriage return inside one ends a line for Python.

    Returns:
        For each index the largest ``end`` such that ``lines[index : end + 1]`` parses, or None.
    """
    raw: list[str] = []  # lines as Python sees them
    row_of: list[int] = []  # the first row of each line
    line_ending_at: dict[int, int] = {}
    for number, line in enumerate(lines):
        row_of.append(len(raw))
        parts = line.split("\r")
        if len(parts) > 1 and not parts[-1]:
            parts[-2:] = [parts[-2] + "\r"]  # it and the line feed are one line end
        raw.extend(parts)
        line_ending_at[len(raw) - 1] = number
    rows = [row.rstrip("\r") for row in raw]

    tokenizable = _tokenizable(rows)
    closings = [sum(map(row.count, CLOSING)) for row in reversed(tokenizable)]
    closings_from = [*reversed(list(accumulate(closings))), 0]
    farthest: list[int | None] = [None] * (len(rows) + 1)
    for first in reversed(range(len(rows))):
        ends = _possible_ends(rows, tokenizable, closings_from, first)
        # Rows follow, so a line feed does: it matters where a backslash continues into a blank.
        while ends and not parses("\n".join(rows[first : ends[-1] + 1]) + "\n"):
            ends.pop()
        if ends and farthest[ends[-1] + 1] is not None:
            farthest[first] = farthest[ends[-1] + 1]
        else:
            whole = (end for end in reversed(ends) if end in line_ending_at)
            farthest[first] = next(
                (end for end in whole if parses("\n".join(raw[first : end + 1]))), None
            )
    reached = (farthest[row] for row in row_of)
    return [None if row is None else line_ending_at[row] for row in reached]


def _possible_ends(
    rows: Sequence[str], tokenizable: Sequence[str], closings_from: Sequence[int], first: int
) -> list[int]:
    """Return the rows, ascending, at which a top-level statement from ``first`` may end.

    A blank or a comment counts as a statement of one row. No true end before the first error is
    missing, and few others are in.
    """
    start = rows[first].lstrip(BLANKS)
    if not start or start.startswith("#"):
        return [first]
    ends: list[int] = []
    if start == "\\":  # joins nothing to the row below, which may be blank
        last = next((i for i in range(first, len(rows)) if rows[i].strip(BLANKS) != "\\"), first)
        ends.append(last)
    if rows[first][0] in " \t":
        return ends
    heads: list[str] = [""]  # per open block: the first word of its latest logical line
    opened = handler_due = False  # a header wants a block; a try wants its except
    try:
        for line in _logical_lines(tokenizable, closings_from, first):
            depth, head = line.depth, line.head
            if depth > len(heads) - 1:
                if not opened or depth > len(heads):
                    break
                heads.append("")
            elif opened:
                break
            while depth < len(heads) - 1 and not handler_due:
                heads.pop()
                handler_due = heads[-1] == "try"
            if handler_due and (depth < len(heads) - 1 or head not in ("except", "finally")):
                break
            if head in CONTINUES:
                if heads[-1] not in CONTINUES[head]:
                    break
            elif depth == 0 and heads[0] not in ("", "@"):
                break  # the next statement
            if not _valid_alone(line):
                break
            heads[-1] = head
            opened = line.is_header
            handler_due = head == "try" and not opened
            if not (opened or handler_due or head == "@" or "try" in heads[:-1]):
                ends.append(line.end)
    except (tokenize.TokenError, *NOT_PARSED):
        pass  # whatever starts here ends before, or nowhere
    return ends


def _logical_lines(
    rows: Sequence[str], closings_from: Sequence[int], first: int
) -> Iterator[_LogicalLine]:
    """Yield the logical lines from row ``first``, up to the first impossible token."""
    depth = brackets = 0
    words: list[tokenize.TokenInfo] = []
    source = (rows[index] + "\n" for index in range(first, len(rows)))
    for token in tokenize.generate_tokens(lambda: next(source)):
        if token.type == tokenize.INDENT:
            depth += 1
        elif token.type == tokenize.DEDENT:
            depth -= 1
        elif token.type == tokenize.NEWLINE:
            if words:
                begin, end = (first + word.start[0] - 1 for word in (words[0], token))
                text = "\n".join(rows[begin : end + 1]).lstrip(BLANKS)
                yield _LogicalLine(depth, words[0].string, words[-1].string == ":", text, end)
            words = []
        elif token.type == tokenize.NL:
            if brackets > closings_from[first + token.start[0]]:
                return  # more are open than can ever be closed
        elif token.type == tokenize.ERRORTOKEN and not IMPOSSIBLE.isdisjoint(token.string):
            return
        elif token.type not in LAYOUT:
            if token.type == tokenize.OP:
                brackets += (token.string in OPENING) - (token.string in CLOSING)
            if brackets > MOST_BRACKETS or (words and _are_prose(words[-1], token)):
                return
            words.append(token)


def _tokenizable(rows: Sequence[str]) -> list[str]:
    """Return the rows without what misleads ``tokenize``.

    A backslash alone becomes a blank: the parser then goes by the indentation of the row below,
    ``tokenize`` of Python 3.11 does not. Characters that never parse confuse that of Python 3.13.
    """
    result: list[str] = []
    continued = False
    for row in rows:
        if row == "\\" and not continued:
            row = ""
        elif NEVER_PARSED.search(row):
            row = "?"
        result.append(row)
        continued = result[-1].endswith("\\")
    return result


def _are_prose(left: tokenize.TokenInfo, right: tokenize.TokenInfo) -> bool:
    """Whether two neighbours are words that no program has side by side."""
    return (
        left.type in WORDS
        and right.type in WORDS
        and not keyword.iskeyword(left.string)
        and not keyword.issoftkeyword(left.string)
        and not keyword.iskeyword(right.string)
    )


def _valid_alone(line: _LogicalLine) -> bool:
    """Whether a logical line can be part of a program at all."""
    block = "\n 1" if line.is_header else ""
    if line.head == "case" and parses(f"match 1:\n {line.text}{block and CASE_BLOCK}"):
        return True
    if line.head == "match" and block:
        block = "\n case _: 1"
    return parses(BEFORE.get(line.head, "") + line.text + block + AFTER.get(line.head, "") + "\n")
