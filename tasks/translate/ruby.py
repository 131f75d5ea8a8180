"""Ruby, with test-unit."""

from __future__ import annotations

from collections.abc import Sequence

from codeeval.tasks.translate.plain import Plain
from codeeval.tasks.translate.translator import commented

__all__ = ["Ruby"]


class Ruby(Plain):
    """Ruby."""

    name = "rb"
    title = "Ruby"
    words = ("Ruby", "rb", "array", "array", "array", "hash", "nil", "true", "false")
    stop_tokens = ("\nclass", "\ndef", "\n#", "\n\n")
    wrong = r"Failure: test_"
    constants = ("true", "false", "nil")
    pair = " => "

    def call(self, function: str, arguments: list[str]) -> str:
        """Return a call; functions are objects in tests, and said to be in examples."""
        return super().call(f"{function}.call", arguments)

    def prompt(self, description: str) -> str:
        """Return a comment and the head."""
        names = ", ".join(self.names).lower()
        return f"{commented(description, '# ')}def {self.signature.name}({names})\n"

    def assertion(self, left: str, right: str) -> str:
        """Return a test."""
        return f"    assert_equal({right}, {left})"

    def tests(self, assertions: Sequence[str]) -> str:
        """Return a class of assertions, which runs at the end."""
        name = self.signature.name
        lines = ["require 'test/unit'", "class TestHumanEval < Test::Unit::TestCase"]
        lines += [f"  def test_{name}", f"    candidate = method(:{name})", *assertions]
        return "\n".join([*lines, "  end", "end", ""])

    @classmethod
    def ended(cls, tests: str, end: str) -> str:
        """Return tests after the last of which a text is printed."""
        runner = "Test::Unit::AutoRunner"
        run = f"{runner}.need_auto_run = false\nexit(1) unless {runner}.run\n"
        return f"{tests}\n{run}puts '', '{end}'\n"
