"""Perl, with Test::Deep."""

from __future__ import annotations

from collections.abc import Sequence

from codeeval.tasks.translate.plain import Plain
from codeeval.tasks.translate.translator import commented

__all__ = ["Perl"]


class Perl(Plain):
    """Perl; tests compare as texts."""

    name = "pl"
    title = "Perl"
    words = ("Perl", "pl", "array", "array", "array", "hash", "undef", "1", "''")
    stop_tokens = ("\nsub", "\n#", "\n\n")
    wrong = r"exit status 1\n"
    constants = ("1", '""', "undef")
    pair = " => "

    def call(self, function: str, arguments: list[str]) -> str:
        """Return a call; that of the candidate goes through a reference."""
        called = "$candidate->" if function == "candidate" else function
        return super().call(called, arguments)

    def prompt(self, description: str) -> str:
        """Return a comment and the head."""
        names = ", ".join(f"${name}" for name in self.names)
        head = f"sub {self.signature.name} " + "{"
        return f"{commented(description, '# ')}{head}\n    my({names}) = @_;\n"

    def assertion(self, left: str, right: str) -> str:
        """Return a test."""
        lines = [f"        if(eq_deeply({left},{right}))" + " {", '        print "ok!" }else{']
        return "\n".join([*lines, "        exit 1;", "        }"])

    def tests(self, assertions: Sequence[str]) -> str:
        """Return a function of assertions, and its call."""
        lines = ["use Test::Deep;", "", "", "sub testhumaneval {"]
        lines += [f"    my $candidate = \\&{self.signature.name};", *assertions, "}", ""]
        return "\n".join([*lines, "testhumaneval();"])

    @classmethod
    def ended(cls, tests: str, end: str) -> str:
        """Return tests after the last of which a text is printed."""
        return f'{tests}\nprint "\\n{end}\\n";\n'
