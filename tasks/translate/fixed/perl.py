"""Perl, with numbers compared as numbers and strings as strings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar

from codeeval.tasks.translate.directed import TOLERANCE
from codeeval.tasks.translate.fixed.corrected import ESCAPES, Written
from codeeval.tasks.translate.perl import Perl
from codeeval.tasks.translate.source import Type

__all__ = ["FixedPerl"]

COMPARE = f"""\
sub same_in_tests {{
    my ($actual, $expected) = @_;
    my $kind = ref $expected;
    return !defined $actual if !defined $expected;
    return defined $actual && !ref $actual && $actual eq $expected if !$kind;
    return !!$actual eq !!$$expected if $kind eq 'InTests::Truth';
    if ($kind eq 'ARRAY') {{
        return '' if ref $actual ne 'ARRAY' || @$actual != @$expected;
        for my $place (0 .. $#$expected) {{
            return '' if !same_in_tests($actual->[$place], $expected->[$place]);
        }}
        return 1;
    }}
    if ($kind eq 'HASH') {{
        return '' if ref $actual ne 'HASH' || keys %$actual != keys %$expected;
        for my $key (keys %$expected) {{
            return '' if !exists $actual->{{$key}};
            return '' if !same_in_tests($actual->{{$key}}, $expected->{{$key}});
        }}
        return 1;
    }}
    return '' if !defined $actual || !Scalar::Util::looks_like_number($actual);
    return $actual == $$expected if $kind eq 'InTests::Number';
    return abs($actual - $$expected) <= {TOLERANCE} + {TOLERANCE} * abs($$expected);
}}

sub InTests::truth {{ my $value = shift; return bless \\$value, 'InTests::Truth' }}
sub InTests::number {{ my $value = shift; return bless \\$value, 'InTests::Number' }}
sub InTests::near {{ my $value = shift; return bless \\$value, 'InTests::Near' }}
"""


class FixedPerl(Written, Perl):
    """Perl; an expected value says whether it is a number, a truth value or a string."""

    escapes: ClassVar[Mapping[str, str]] = {**ESCAPES, "$": "\\$", "@": "\\@"}
    keys = ("str", "int", "bool")

    @staticmethod
    def coded(sign: str) -> str:
        """Return what stands for a character that cannot be seen."""
        return f"\\x{{{ord(sign):x}}}"

    def text(self, value: str) -> str:
        """Return a string; without escapes all beyond ASCII would be bytes."""
        return "".join(each if each < "\x80" else self.coded(each) for each in super().text(value))

    def _marked(self, mark: str, value: str) -> str:
        return f"InTests::{mark}({value})" if self.expecting else value

    def boolean(self, value: bool) -> str:
        """Return a truth value."""
        return self._marked("truth", super().boolean(value))

    def integer(self, value: int) -> str:
        """Return a whole number."""
        return self._marked("number", super().integer(value))

    def number(self, value: float) -> str:
        """Return a number with a fraction."""
        return self._marked("near", super().number(value))

    def list_value(self, items: Sequence[str], item: Type) -> str:
        """Return an array."""
        return f"[{', '.join(items)}]"

    def tuple_value(self, items: Sequence[str], parts: Sequence[Type]) -> str:
        """Return an array."""
        return f"[{', '.join(items)}]"

    def dict_value(self, items: Sequence[tuple[str, str]], key: Type, value: Type) -> str:
        """Return a hash."""
        if items:
            self.key(key)
        return f"{{{', '.join(f'{name} => {each}' for name, each in items)}}}"

    def call(self, function: str, arguments: list[str]) -> str:
        """Return a call; that of the candidate goes through a reference."""
        return Perl.call(self, function, arguments)

    def assertion(self, left: str, right: str) -> str:
        """Return a test."""
        return f"    exit 1 if !same_in_tests(scalar({left}), {right});"

    def tests(self, assertions: Sequence[str]) -> str:
        """Return what compares, a function of assertions, and its call."""
        made = super().tests(assertions).replace("use Test::Deep;\n\n", "", 1)
        return f"use Scalar::Util;\n\n{COMPARE}{made}"
