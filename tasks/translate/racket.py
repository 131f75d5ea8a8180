"""Racket, with rackunit."""

from __future__ import annotations

import re
from collections.abc import Sequence

from codeeval.tasks.translate.plain import Plain

__all__ = ["Racket"]


class Racket(Plain):
    """Racket; tests compare numbers within 0.001."""

    name = "rkt"
    title = "Racket"
    words = ("Racket", "rkt", "list", "list", "list", "hash", "#f", "#t", "#f")
    stop_tokens = ("\n(define ", "\n#|", "\n;", "\n(")
    wrong = r"FAILURE"
    fails = r"\S"
    flushed = True
    constants = ("#t", "#f", "#f")

    def listed(self, items: list[str]) -> str:
        """Return a list."""
        return f"(list {' '.join(items)})"

    tupled = listed

    def mapped(self, items: list[tuple[str, str]]) -> str:
        """Return a dictionary."""
        return f"#hash({' '.join(f'({key} .  {value})' for key, value in items)})"

    def call(self, function: str, arguments: list[str]) -> str:
        """Return a call."""
        return f"({function} {' '.join(arguments)})"

    def prompt(self, description: str) -> str:
        """Return a comment and the head."""
        lines = re.sub(r"(?m)^", ";; ", description.strip())
        head = f"(define ({self.signature.name} {' '.join(self.names)})"
        return f"#lang racket\n\n{lines}\n{head}\n"

    def assertion(self, left: str, right: str) -> str:
        """Return a test."""
        return f"    (check-within {left} {right} 0.001)"

    def tests(self, assertions: Sequence[str]) -> str:
        """Return a function of checks, and its call."""
        lines = ["(require rackunit)", "", "(define (test-humaneval) ", ""]
        lines += [f"  (let (( candidate {self.signature.name}))", *assertions, "))", ""]
        return "\n".join([*lines, "(test-humaneval)"])

    @classmethod
    def ended(cls, tests: str, end: str) -> str:
        """Return tests after the last of which a text is printed."""
        return f'{tests}\n(displayln "\\n{end}")\n'
