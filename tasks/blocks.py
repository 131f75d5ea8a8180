"""What of a block of code counts in languages whose functions do not end with a brace."""

from __future__ import annotations

import re

__all__ = ["BLOCKS", "whole_of"]

MODULE = re.compile(r"(?m)^module\s[^=]{0,4000}?\bwhere\b")
MAIN = re.compile(r"(?m)^main\b.*\n(?:[ \t]+.*\n|\n)*")
CONTEXT = re.compile(r"(?im)^[ \t]*(?:with|use)\s+[^;()]{1,400};(?:[ \t]*use\s+[^;]{1,400};)*")
UNIT = re.compile(r"(?im)^[ \t]*(?:procedure|package(?:\s+body)?)\s+([\w.]+)\s+is\b")


def whole_of(language: str, prompt: str, block: str, name: str) -> str:
    """Return a program with the function that a block has; nothing if it has none.

    Args:
        language: One of `BLOCKS`.
        prompt: It ends with the head of the function.
        block: A program, or a part of one.
        name: What the function is called.
    """
    return BLOCKS[language](prompt, block + "\n", re.escape(name))


def ocaml(prompt: str, block: str, name: str) -> str:
    """Return a block as it is."""
    return block if re.search(rf"\b(?:let(?:\s+rec)?|and)\s+{name}\b", block) else ""


def haskell(prompt: str, block: str, name: str) -> str:
    """Return a block without its main action: the tests have another one."""
    if not re.search(rf"(?m)^{name}\b", block):
        return ""
    return MAIN.sub("", MODULE.sub("", block))


def octave(prompt: str, block: str, name: str) -> str:
    """Return a block and the head of a function; or the block, if it leaves one open.

    Tests begin with the end of a function.
    """
    if not re.search(rf"\bfunction\b[^\n]*\b{name}\b", block):
        return ""
    begun, ended = (len(re.findall(rf"(?m)^{each}", block)) for each in (r"function\b", r"end"))
    return f"1;\n\n{block}" + ("" if begun > ended else "\nfunction tests_begin()\n")


def ada(prompt: str, block: str, name: str) -> str:
    """Return the prompt with the function of a block up to its end, which the tests have.

    Helpers come into the function; packages that are needed before it.
    """
    head = re.search(
        rf"(?im)^[ \t]*function\s+{name}\s*(?:\([^)]{{0,4000}}\))?\s*return\s+[\w.]+\s+is\b", block
    )
    if head is None:
        return ""
    before, rest = block[: head.start()], block[head.end() :]
    contexts = [each[0].strip() for each in CONTEXT.finditer(before)]
    start = max((each.end() for each in CONTEXT.finditer(before)), default=0)
    for unit in UNIT.finditer(before):
        closing = re.search(rf"(?i)\bend\s+{re.escape(unit[1])}\s*;", before[unit.end() :])
        if closing is None:
            start = max(start, unit.end())
        elif unit[0].lower().lstrip().startswith("package"):
            start = max(start, unit.end() + closing.end())
    known = "".join(prompt.lower().split())
    wanted = [each for each in contexts if "".join(each.lower().split()) not in known]
    own = prompt.rstrip().rpartition("\n")[0]
    return "\n".join([own, *wanted, head[0].strip(), before[start:].strip(), ada_body(rest, name)])


def ada_body(rest: str, name: str) -> str:
    """Return what stands between the head of a function and its end."""
    if rest.lstrip().startswith("("):  # an expression
        return f"begin\n   return {rest[: rest.find(');') + 2].strip()}"
    ends = [*re.finditer(rf"(?im)^[ \t]*end(?:\s+{name})\s*;", rest)]
    ends = ends[:1] or [*re.finditer(r"(?im)^[ \t]*end\s*;", rest)][-1:]
    return rest[: ends[0].start()].strip() if ends else rest.strip()


BLOCKS = {"ada": ada, "haskell": haskell, "ocaml": ocaml, "octave": octave}
"""By language what makes a program."""
