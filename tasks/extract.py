"""From a model's reply to the code in it.

Several procedures are in use, and a score is comparable only if the same one was used, so each has
a name (``EXTRACTIONS``) that reports record. ``none`` judges the text as it stands; ``fence-auto``
is ours and the most forgiving; the others do what one published harness does.
"""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from codeeval.sandbox.errors import CodeEvalError
from codeeval.tasks.sanitize import (
    bound_names,
    parsed,
    program_defining,
    sanitize,
    sanitize_bigcodebench,
)

__all__ = [
    "EXTRACTIONS",
    "STOP_SEQUENCES",
    "Extracted",
    "UnknownExtraction",
    "cut_at_stop",
    "block_with",
    "cut_tests",
    "extract",
    "fence_auto",
    "fence_first",
    "fence_last",
    "stop_sequences",
    "strip_thinking",
]

Kind = Literal["completion", "solution"]

EXTRACTIONS: tuple[str, ...] = (
    "none",
    "stop",
    "fence-first",
    "fence-last",
    "fence-auto",
    "evalplus",
    "bigcodebench",
    "codeeval-pro",
)

BIGCODE_HUMANEVAL = ("\nclass", "\ndef", "\n#", "\n@", "\nprint", "\nif", "\n```", "<file_sep>")
BIGCODE_MBPP = ("\nclass", "\nassert", '\n"""', "\nprint", "\nif", "\n<|/", "\n```")
LM_EVAL_HUMANEVAL = ("\nclass", "\ndef", "\n#", "\nif", "\nprint")
LM_EVAL_MBPP = ("[DONE]",)
EVALPLUS = (
    "<|endoftext|>",
    "<|endofmask|>",
    "</s>",
    "\nif __name__",
    "\ndef main(",
    "\nprint(",
)
EVALPLUS_DIRECT_HUMANEVAL = (
    *EVALPLUS,
    "\ndef ",
    "\nclass ",
    "\nimport ",
    "\nfrom ",
    "\nassert ",
)
EVALPLUS_DIRECT_MBPP = (*EVALPLUS, '\n"""', "\nassert")

# (task family, harness) -> what ends a base model's completion there
STOP_SEQUENCES: Mapping[tuple[str, str], tuple[str, ...]] = {
    ("humaneval", "bigcode"): BIGCODE_HUMANEVAL,
    ("humaneval", "lm-eval"): LM_EVAL_HUMANEVAL,
    ("humaneval", "evalplus"): EVALPLUS,
    ("humaneval", "evalplus-direct"): EVALPLUS_DIRECT_HUMANEVAL,
    ("mbpp", "bigcode"): BIGCODE_MBPP,
    ("mbpp", "lm-eval"): LM_EVAL_MBPP,
    ("mbpp", "evalplus"): EVALPLUS,
    ("mbpp", "evalplus-direct"): EVALPLUS_DIRECT_MBPP,
}

# A tag in quotes is text that a program handles, not the model thinking.
THOUGHT = re.compile(r"(?<![\"'`])<(think(?:ing)?)>.*?(?<![\"'`])</\1>(?![\"'`])", re.DOTALL)
END_OF_THOUGHT = re.compile(r"^.*(?<![\"'`])</think(?:ing)?>(?![\"'`])", re.DOTALL)
OPEN_THOUGHT = re.compile(r"^\s*<think(?:ing)?>.*", re.DOTALL)

BLOCK = re.compile(r"(?<!`)```[^\n`]*\n(.*?)\n?[ \t]*```(?!`)", re.DOTALL)
FIRST_FENCE = re.compile(r"```(\w*)\n(.*?)\n```", re.DOTALL)
FENCE_LINE = re.compile(r"(?P<indent>[ \t]*)(?P<fence>`{3,}|~{3,})[ \t]*(?P<info>[^`]*?)\s*")
PYTHON = frozenset({"python", "python3", "py", "py3", "python2", "{python}", "{.python}"})


class UnknownExtraction(CodeEvalError, LookupError):
    """There is no extraction or table of stop sequences of this name."""


@dataclass(frozen=True)
class Extracted:
    """The code of a reply.

    Attributes:
        text: The code; None if none was found.
        kind: Whether ``text`` continues the prompt or is a whole program.
    """

    text: str | None
    kind: Kind


@dataclass(frozen=True)
class _Block:
    """A fenced block: its text without the fence's indentation, and its info string."""

    text: str
    info: str


def extract(
    mode: str,
    text: str,
    *,
    prompt: str,
    entry_point: str | None,
    kind: Kind,
    stops: Sequence[str],
) -> Extracted:
    """Find the code in ``text``, a reply of ``kind``, as ``mode`` does.

    ``none``, ``stop`` and ``codeeval-pro`` keep the kind. ``evalplus`` and ``bigcodebench`` put the
    prompt in front of a completion and return a solution. A fenced block of a completion stays one
    as long as it is valid after the prompt, whose imports and helpers it then has (a repeated
    definition replaces the prompt's); otherwise it is a solution.

    Args:
        mode: One of ``EXTRACTIONS``.
        text: The completion or solution.
        prompt: What a completion continues.
        entry_point: The function the tests call; None or empty if there is none.
        kind: What ``text`` is.
        stops: Where ``stop`` cuts; other modes ignore it.

    Raises:
        UnknownExtraction: If ``mode`` is none of ``EXTRACTIONS``.
    """
    joined = f"{prompt}\n{text}" if kind == "completion" else text
    match mode:
        case "none":
            return Extracted(text, kind)
        case "stop":
            given = _common_prompt(text, prompt) if kind == "solution" else ""
            return Extracted(given + cut_at_stop(text[len(given) :], stops), kind)
        case "codeeval-pro":
            return Extracted(cut_tests(text), kind)
        case "evalplus":
            return Extracted(sanitize(joined, entry_point), "solution")
        case "bigcodebench":
            return Extracted(sanitize_bigcodebench(joined, entry_point), "solution")
        case "fence-first":
            return _placed(fence_first(text), prompt, kind)
        case "fence-last":
            return _placed(fence_last(text) or None, prompt, kind)
        case "fence-auto":
            return _placed(fence_auto(text, entry_point, prompt) or None, prompt, kind)
    raise UnknownExtraction(f"no extraction {mode!r}; known: {', '.join(EXTRACTIONS)}")


def stop_sequences(task_family: str, source: str) -> tuple[str, ...]:
    r"""Return the stop sequences of a harness: ``("\nclass", "\ndef", ...)``.

    Args:
        task_family: ``humaneval`` or ``mbpp``.
        source: ``bigcode``, ``lm-eval``, ``evalplus`` or ``evalplus-direct`` (base models).

    Raises:
        UnknownExtraction: If there is no such table.
    """
    try:
        return STOP_SEQUENCES[task_family, source]
    except KeyError as error:
        known = ", ".join(f"{family} {harness}" for family, harness in STOP_SEQUENCES)
        raise UnknownExtraction(
            f"no stop sequences for {task_family!r} as in {source!r}; known: {known}"
        ) from error


def cut_at_stop(text: str, stop_sequences: Iterable[str]) -> str:
    """Return ``text`` up to the first of ``stop_sequences``, or all of it."""
    hits = (text.find(stop) for stop in stop_sequences if stop)
    return text[: min((hit for hit in hits if hit >= 0), default=len(text))]


def cut_tests(text: str) -> str:
    """Return ``text`` without the tests and examples at its end, as CodeEval Pro does.

    Only the first of three rules that applies is used, and the third looks for less than it cuts.
    """
    for mark, cut in (("if __name__",) * 2, ("# Test",) * 2, ("# Example", "# Example ")):
        if mark in text:
            return text.partition(cut)[0]
    return text


def strip_thinking(text: str) -> str:
    """Return ``text`` without ``<think>`` parts.

    An end without a start (chat templates may open the thought themselves) ends a thought that
    began with the text; a thought at the start that never ends leaves nothing.
    """
    text = THOUGHT.sub("", text)
    text = END_OF_THOUGHT.sub("", text)
    return OPEN_THOUGHT.sub("", text)


def fence_first(text: str) -> str | None:
    """Return the first block between backtick fences, or None (DomainEval)."""
    found = FIRST_FENCE.search(text)
    return found[2] if found else None


def block_with(text: str, name: str) -> str | None:
    """Return the first block between backtick fences that has a name in it, or the first of all.

    What stands behind the first fence does not matter: ``c++`` is no word. None without blocks.
    """
    blocks = [found[1] for found in BLOCK.finditer(text)]
    named = (each for each in blocks if re.search(rf"(?<!\w){re.escape(name)}(?!\w)", each))
    return next(named, blocks[0] if blocks else None)


def fence_last(text: str) -> str:
    """Return the lines between the last two lines with three backticks (LiveCodeBench).

    Fewer than two such lines give the empty string.
    """
    lines = text.split("\n")
    fences = [index for index, line in enumerate(lines) if "```" in line]
    return "\n".join(lines[fences[-2] + 1 : fences[-1]]) if len(fences) > 1 else ""


def fence_auto(text: str, entry_point: str | None, prompt: str = "") -> str:
    """Return the code of a chatty reply, wherever it stands.

    Thinking is removed; if nothing is left the result is empty. Then the first of these that there
    is:

    1. the last fenced block that defines ``entry_point`` or ``class Solution`` (one that parses
       before one that does not); without an entry point the last block, Python before others;
    2. the program around a definition outside the blocks;
    3. the prompt continued by the text, or by the last block that is a function body;
    4. the program in prompt and text, if the reply breaks off or goes on in prose;
    5. the last block, or what ``sanitize`` finds.

    Fences may be of tildes, indented, with an info string, or never closed.

    Args:
        text: The reply.
        entry_point: The function to look for; None or empty for any program.
        prompt: The code that a bare function body continues, if any.
    """
    text = strip_thinking(text)
    if not text.strip():
        return ""
    outside, blocks = _fenced_blocks(text)
    if not entry_point:
        if blocks:
            return max(reversed(blocks), key=_looks_like_python).text
        return text if parsed(text) else sanitize(text)

    defining = [block.text for block in blocks if _defines(block.text, entry_point)]
    defining = [_dedented_if_needed(block) for block in defining]
    if defining:
        return next((block for block in reversed(defining) if parsed(block)), defining[-1])
    if _defines(outside, entry_point):
        return _program(outside, entry_point)
    if _defines(prompt, entry_point):
        for body in (text, *(block.text for block in reversed(blocks))):
            if _continues(prompt, body, entry_point):
                return prompt + body
        if not blocks or outside.strip():
            return _program(prompt + outside, entry_point)
    return blocks[-1].text if blocks else _program(text, entry_point)


def _common_prompt(text: str, prompt: str) -> str:
    """Return the prompt as ``text`` repeats it at its start; harnesses may strip it."""
    forms = (prompt, prompt.rstrip(), prompt.strip())
    return next((form for form in forms if text.startswith(form)), "")


def _placed(code: str | None, prompt: str, kind: Kind) -> Extracted:
    """Say whether code from a reply of ``kind`` continues the prompt or stands alone."""
    if code is None or kind == "solution" or (prompt and code.startswith(prompt)):
        return Extracted(code, kind if code is None else "solution")
    for continuation in (code, f"\n{code}"):
        # What comes from __future__ must come first, which the parser does not check.
        if "from __future__" not in code and parsed(prompt + continuation):
            return Extracted(continuation, "completion")
    return Extracted(code, "solution" if parsed(code) else "completion")


def _fenced_blocks(text: str) -> tuple[str, list[_Block]]:
    """Return what stands outside of fenced blocks, and the blocks.

    As in CommonMark a fence that is indented four blanks deeper than the opening one is content (a
    docstring may show an example so). Unlike there a line with an info string always opens a block.
    """
    outside: list[str] = []
    blocks: list[_Block] = []
    inside: list[str] = []
    opening: re.Match[str] | None = None
    for line in text.split("\n"):
        fence = FENCE_LINE.fullmatch(line)
        if opening is None:
            if fence is None:
                outside.append(line)
            opening = fence
        elif fence is not None and _ends_block(opening, fence):
            blocks.append(_block(opening, inside))
            inside, opening = [], fence if fence["info"] else None
        else:
            inside.append(line)
    if opening is not None:
        blocks.append(_block(opening, inside))
    return "\n".join(outside), blocks


def _ends_block(opening: re.Match[str], fence: re.Match[str]) -> bool:
    """Whether a fence inside a block closes it, or opens another because the end is missing."""
    same = fence["fence"].startswith(opening["fence"])
    deeper = len(fence["indent"].expandtabs()) - len(opening["indent"].expandtabs())
    return same and deeper < 4


def _block(opening: re.Match[str], lines: Sequence[str]) -> _Block:
    margin = len(opening["indent"])
    depths = (len(line) - len(line.lstrip(" \t")) for line in lines)
    shifted = (line[min(margin, depth) :] for line, depth in zip(lines, depths, strict=True))
    return _Block("\n".join(shifted), opening["info"].lower())


def _looks_like_python(block: _Block) -> tuple[bool, bool]:
    language = block.info.split(maxsplit=1)[0] if block.info else ""
    return language in PYTHON, parsed(block.text) is not None


def _definable(entry_point: str) -> tuple[str, str]:
    """Return the top-level names that may hold the entry point: ``A`` for ``A.method``."""
    return entry_point.partition(".")[0], "Solution"


def _defines(text: str, entry_point: str) -> bool:
    """Whether ``text``, which need not parse, seems to hold a definition of the entry point."""
    name, solution = map(re.escape, _definable(entry_point))
    pattern = rf"^[ \t]*(?:async[ \t]+)?def[ \t]+{name}\b|^[ \t]*class[ \t]+(?:{name}|{solution})\b"
    return re.search(rf"{pattern}|^{name}[ \t]*(?::[^=\n]+)?=(?!=)", text, re.MULTILINE) is not None


def _dedented_if_needed(code: str) -> str:
    dedented = textwrap.dedent(code)
    return dedented if not parsed(code) and parsed(dedented) else code


def _program(text: str, entry_point: str) -> str:
    """Return ``text`` if it is a program, or else the program in it."""
    if parsed(text):
        return text
    names = _definable(entry_point)
    programs = (program_defining(text, name) for name in names)
    return next((program for program in programs if program), None) or sanitize(text, names[0])


def _continues(prompt: str, body: str, entry_point: str) -> bool:
    """Whether ``body`` makes a longer function of the entry point that the prompt begins."""
    tree = parsed(prompt + body)
    if tree is None:
        return False
    names = _definable(entry_point)
    ends = [
        statement.end_lineno or 0
        for statement in tree.body
        if not bound_names(statement).isdisjoint(names)
    ]
    return bool(ends) and max(ends) > prompt.count("\n")
