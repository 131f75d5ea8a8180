"""REval's questions, in our words: four kinds, each with an example, with thoughts or without."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

__all__ = ["prompt_of"]

INTRODUCTIONS = {
    "coverage": (
        "You are given a Python program and a call. Say whether the call has a certain line of the "
        "program executed: YES or NO."
    ),
    "path": (
        "You are given a Python program, with numbers before its lines, and a call. Say which line "
        "is executed right after a certain one: write its text, or -1 if the program ends there or "
        "the line is not executed at all."
    ),
    "state": (
        "You are given a Python program and a call. Say what value a variable has after a certain "
        "line was executed, and of which type it is, as VALUE; TYPE. Write Nil if the line is not "
        "executed, or there is no such variable then. If it has several values in turn, any of "
        "them will do."
    ),
    "output": (
        "You are given a Python program and assertions that are not complete. Put the right value "
        "in place of each ??, and write the whole assertions."
    ),
}
EXAMPLE = """def halve(n):
    steps = 0
    while n > 1:
        n //= 2
        steps += 1
    return steps"""
CALL = "halve(5)"
QUESTIONS = {
    "coverage": "Is line {line} ({text}) executed?",
    "path": "Which line is executed right after line {line} ({text})?",
    "state": "What value and type has {variable} after line {line} ({text}) was executed?",
    "output": "{asked}",
}
EXAMPLES: Mapping[str, tuple[dict[str, Any], str, str]] = {
    "coverage": (
        {"line": 5, "text": "steps += 1"},
        "n is 5, which is above 1, so the loop is entered and its second line is executed.",
        "YES",
    ),
    "path": (
        {"line": 5, "text": "steps += 1"},
        "After the last line of the loop its condition is evaluated again, which is line 3.",
        "while n > 1:",
    ),
    "state": (
        {"line": 4, "text": "n //= 2", "variable": "n"},
        "n is 5 at first, and 5 // 2 is 2; later on it is 1.",
        "2; int",
    ),
    "output": (
        {"asked": "assert halve(5) == ??"},
        "n is 5, then 2, then 1, which ends the loop after two steps.",
        "assert halve(5) == 2",
    ),
}


def prompt_of(about: Mapping[str, Any], entry_point: str, *, cot: bool) -> str:
    """Return the prompt of a question.

    Args:
        about: ``kind``, ``code``, ``shown`` (the arguments, or the body of a test), ``line``,
            ``variable`` and ``asked``.
        entry_point: The name of the function or class.
        cot: Whether thoughts are asked for.
    """
    kind, code = about["kind"], about["code"]
    example, thought, answer = EXAMPLES[kind]
    head = INTRODUCTIONS[kind] + (
        "\nThink it through first, between [THOUGHT] and [/THOUGHT]. " if cot else "\n"
    )
    head += "Write the answer between [ANSWER] and [/ANSWER].\n"
    first = asked_about(kind, EXAMPLE, CALL, example)
    first += f"[THOUGHT]\n{thought}\n[/THOUGHT]\n" if cot else ""
    first += f"[ANSWER]\n{answer}\n[/ANSWER]\n"
    line = about["line"]
    text = code.split("\n")[line - 1].strip() if line else ""
    what = {"line": line, "text": text, "variable": about["variable"], "asked": about["asked"]}
    shown = about["shown"] if about["is_class"] else f"{entry_point}{about['shown']}"
    second = asked_about(kind, code, shown, what)
    return "\n".join((head, first, second)) + ("[THOUGHT]\n" if cot else "[ANSWER]\n")


def asked_about(kind: str, code: str, call: str, what: Mapping[str, Any]) -> str:
    """Return a program, what is run of it, and a question."""
    if kind == "path":
        lines = enumerate(code.split("\n"), start=1)
        code = "\n".join(f"{number}\t{line}" for number, line in lines)
    run = "" if kind == "output" else f"\n{call}"
    question = QUESTIONS[kind].format(**what)
    return f"[PYTHON]\n{code}\n{run}\n[/PYTHON]\n[QUESTION]\n{question}\n[/QUESTION]\n"
