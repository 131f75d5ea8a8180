"""Octave."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import ClassVar

from codeeval.tasks.translate.directed import TOLERANCE
from codeeval.tasks.translate.named import Named, quoted
from codeeval.tasks.translate.source import Type, Untranslatable
from codeeval.tasks.translate.translator import commented

__all__ = ["Octave"]

NUMERIC = ("int", "float")
SAME = """
function same = tests_same(left, right, tolerance)
    if ischar(right)
        same = ischar(left) && (strcmp(left, right) || (isempty(left) && isempty(right)));
    elseif iscell(right)
        same = iscell(left) && numel(left) == numel(right);
        for n = 1:(same * numel(right))
            same = same && tests_same(left{n}, right{n}, tolerance);
        end
    elseif isa(right, "containers.Map")
        same = isa(left, "containers.Map") && left.Count == right.Count;
        same = same && tests_same(keys(left), keys(right), 0);
        same = same && tests_same(values(left), values(right), tolerance);
    else
        same = (isnumeric(left) || islogical(left)) && numel(left) == numel(right);
        if same
            gap = abs(double(left(:)) - double(right(:)));
            same = all(gap <= tolerance * (1 + abs(double(right(:)))));
        end
    end
end
"""
"""What compares results; a vector may be a row or a column."""
RESERVED = (
    "break case catch classdef continue do else elseif end end_try_catch end_unwind_protect "
    "endclassdef endenumeration endevents endfor endfunction endif endmethods endparfor "
    "endproperties endswitch endwhile enumeration events for function global if methods "
    "otherwise parfor persistent properties return switch try until unwind_protect "
    "unwind_protect_cleanup while ans true false"
)
TAKEN = (
    "abs all assert candidate double isa ischar iscell isempty islogical isnumeric keys numel "
    "same strcmp tests_same values disp"
)


class Octave(Named):
    """Octave; lists are row vectors of numbers or of logicals, or cell arrays."""

    name = "m"
    title = "Octave"
    words = ("Octave", "m", "array", "array", "array", "map", "[]", "true", "false")
    stop_tokens = ("\nend", "\nfunction")
    wrong = r"error: assert \(tests_same"
    closes = True
    plain: ClassVar[dict[str, str]] = {
        "int": "integer",
        "float": "number",
        "str": "string",
        "bool": "logical",
    }
    bits = 54
    reserved = frozenset(RESERVED.split())
    taken = frozenset(TAKEN.split())

    # Types are told in the comment.

    def list_of(self, item: Type) -> str:
        """Return what a list is."""
        made = "row vector" if item.name in (*NUMERIC, "bool") else "cell array"
        return f"{made} of {plural(self.kind(item))}"

    def tuple_of(self, parts: Sequence[Type]) -> str:
        """Return what a tuple is."""
        kinds = [*map(self.kind, parts)]
        if is_row(parts):
            kind = kinds[0] if len(set(kinds)) == 1 else "number"
            return f"row vector of {len(parts)} {plural(kind)}"
        return f"cell array of {', '.join(map(one, kinds[:-1]))} and {one(kinds[-1])}"

    def dict_of(self, key: Type, value: Type) -> str:
        """Return what a dictionary is."""
        if key.name not in (*NUMERIC, "str"):
            raise Untranslatable(f"a dictionary with keys of the type {key}")
        return f"containers.Map from {plural(self.kind(key))} to {plural(self.kind(value))}"

    def optional_of(self, item: Type) -> str:
        """Return what may be none is."""
        if item.parts:
            raise Untranslatable(f"the type {Type('Optional', (item,))}")
        return f"{self.kind(item)} or []"

    # Values

    def text(self, value: str) -> str:
        """Return a string."""
        return quoted(value, lambda code: f"\\{code:03o}")

    def nothing(self) -> str:
        """Return None."""
        return "[]"

    def list_value(self, items: Sequence[str], item: Type) -> str:
        """Return a row vector or a cell array."""
        row = item.name in (*NUMERIC, "bool")
        return f"[{', '.join(items)}]" if row else f"{{{', '.join(items)}}}"

    def tuple_value(self, items: Sequence[str], parts: Sequence[Type]) -> str:
        """Return a row vector or a cell array."""
        return f"[{', '.join(items)}]" if is_row(parts) else f"{{{', '.join(items)}}}"

    def dict_value(self, items: Sequence[tuple[str, str]], key: Type, value: Type) -> str:
        """Return a map."""
        if not items:
            kind = "char" if key.name == "str" else "double"
            return f'containers.Map("KeyType", "{kind}", "ValueType", "any")'
        names, values = (", ".join(each) for each in zip(*items, strict=True))
        return f'containers.Map({{{names}}}, {{{values}}}, "UniformValues", false)'

    def call(self, function: str, arguments: list[str]) -> str:
        """Return a call; a handle might be that of a function which Octave has itself."""
        return f"{self.function}({', '.join(arguments)})"

    # Programs

    def prompt(self, description: str) -> str:
        """Return the head, and a comment that tells the types.

        A file of Octave that begins with a function is no program; hence the first line.
        """
        kinds = [self.kind(kind) for _, kind in self.signature.parameters]
        result = self.free("result", {*self.reserved, *self.names})
        told = [*zip(self.names, kinds, strict=True), (result, self.kind(self.signature.returns))]
        lines = "".join(f"    % {name} is {one(kind)}.\n" for name, kind in told)
        head = f"function {result} = {self.function}({', '.join(self.names)})\n"
        return f"1;\n\n{head}{commented(description, '    % ')}    %\n{lines}"

    def assertion(self, left: str, right: str) -> str:
        """Return a test."""
        tolerance = TOLERANCE if self.has_fractions() else "0"
        return f"assert(tests_same({left}, {right}, {tolerance}));"

    def tests(self, assertions: Sequence[str]) -> str:
        """Return the end of the function, one that compares results, and assertions."""
        return "\n".join([f"end\n{SAME}", *assertions, ""])

    @classmethod
    def ended(cls, tests: str, end: str) -> str:
        """Return tests after the last of which a text is printed."""
        return f'{tests}disp("{end}");\n'


def is_row(parts: Sequence[Type]) -> bool:
    """Whether a tuple is a row vector: of numbers only, or of logicals only."""
    names = {each.name for each in parts}
    return names <= set(NUMERIC) or names == {"bool"}


def one(kind: str) -> str:
    """Return what something is called, with an article."""
    return f"{'an' if kind[0] in 'aeiou' else 'a'} {kind}"


def plural(kind: str) -> str:
    """Return what several of something are called."""
    return re.sub(r"^(.+?)(?= (?:of|from|or) |$)", r"\1s", kind)
