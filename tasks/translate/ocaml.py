"""OCaml."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import ClassVar

from codeeval.tasks.translate.directed import TOLERANCE
from codeeval.tasks.translate.named import Named, quoted
from codeeval.tasks.translate.source import Type
from codeeval.tasks.translate.translator import commented, inserted

__all__ = ["OCaml"]

QUOTED = re.compile(r"\w[\w']*|\"(?:\\[\s\S]|[^\"\\])*\"|'(?:\\.|[^'\\\n])'")
"""What a comment may have as any program has it: names, strings and characters."""
EQUAL = "(=)"
MODULES = {"List": "List", "Optional": "Option"}
RESERVED = (
    "and as assert asr begin class constraint do done downto else end exception external false "
    "for fun function functor if in include inherit initializer land lazy let lor lsl lsr lxor "
    "match method mod module mutable new nonrec object of open or private rec sig struct then "
    "to true try type val virtual when while with"
)
TAKEN = "assertions candidate close same"


class OCaml(Named):
    """OCaml; dictionaries are lists of pairs, whose order does not count in a result."""

    name = "ml"
    title = "OCaml"
    words = ("OCaml", "ml", "list", "list", "tuple", "association list", "None", "true", "false")
    stop_tokens = ("\n\n", "\n(*", "\ntype", "\nlet")
    wrong = r"Assert_failure"
    plain: ClassVar[dict[str, str]] = {
        "int": "int",
        "float": "float",
        "str": "string",
        "bool": "bool",
    }
    bits = 63
    reserved = frozenset(RESERVED.split())
    taken = frozenset(TAKEN.split())

    @classmethod
    def cased(cls, name: str) -> str:
        """Return a name that begins with a small letter."""
        return name[:1].lower() + name[1:]

    def _inner(self, kind: Type) -> str:
        """Return a type as a part of another one."""
        made = self.kind(kind)
        return f"({made})" if " * " in made else made

    def list_of(self, item: Type) -> str:
        """Return the type of a list."""
        return f"{self._inner(item)} list"

    def tuple_of(self, parts: Sequence[Type]) -> str:
        """Return the type of a tuple."""
        return " * ".join(map(self._inner, parts))

    def dict_of(self, key: Type, value: Type) -> str:
        """Return the type of a list of pairs."""
        return f"({self._inner(key)} * {self._inner(value)}) list"

    def optional_of(self, item: Type) -> str:
        """Return the type of what may be none."""
        return f"{self._inner(item)} option"

    def text(self, value: str) -> str:
        """Return a string."""
        return quoted(value, lambda code: f"\\{code:03d}")

    def signed(self, text: str) -> str:
        """Return a number, with brackets if it is negative."""
        return f"({text})" if text.startswith("-") else text

    def nothing(self) -> str:
        """Return None."""
        return "None"

    def some(self, value: str, item: Type) -> str:
        """Return a value that is there where it may be none."""
        return f"(Some {value})"

    def list_value(self, items: Sequence[str], item: Type) -> str:
        """Return a list."""
        return f"[{'; '.join(items)}]"

    def tuple_value(self, items: Sequence[str], parts: Sequence[Type]) -> str:
        """Return a tuple."""
        return f"({', '.join(items)})"

    def dict_value(self, items: Sequence[tuple[str, str]], key: Type, value: Type) -> str:
        """Return a list of pairs."""
        return f"[{'; '.join(f'({name}, {each})' for name, each in items)}]"

    def call(self, function: str, arguments: list[str]) -> str:
        """Return a call."""
        return " ".join([self.called(function), *(arguments or ["()"])])

    def same(self, kind: Type | None) -> str:
        """Return a function that compares two values of a type."""
        match kind:
            case Type("float"):
                return "close"
            case Type("Tuple", (item, Type("..."))):
                return self.same(Type("List", (item,)))
            case Type("List" | "Optional" as name, (item,)):
                inner = self.same(item)
                return EQUAL if inner == EQUAL else f"({MODULES[name]}.equal {inner})"
            case Type("Dict", parts):
                pairs = self.same(Type("List", (Type("Tuple", parts),)))
                return f"(fun a b -> {pairs} (List.sort compare a) (List.sort compare b))"
            case Type("Tuple", parts):
                ways = [self.same(each) for each in parts]
                if all(each == EQUAL for each in ways):
                    return EQUAL
                left, right = (", ".join(f"{side}{n}" for n in range(len(parts))) for side in "ab")
                both = " && ".join(f"{each} a{n} b{n}" for n, each in enumerate(ways))
                return f"(fun ({left}) ({right}) -> {both})"
            case _:
                return EQUAL

    def prompt(self, description: str) -> str:
        """Return a comment and the head."""
        kinds = [self.kind(kind) for _, kind in self.signature.parameters]
        given = [f"({name} : {kind})" for name, kind in zip(self.names, kinds, strict=True)]
        head = " ".join(["let", self.function, *(given or ["()"])])
        comment = settled(f"{commented(description, ' * ', '**')}*)\n")
        return f"({comment}{head} : {self.kind(self.signature.returns)} ="

    def assertion(self, left: str, right: str) -> str:
        """Return a test."""
        if self.same(self.signature.returns) == EQUAL:
            return f"  (assert (({left}) = {right}));"
        return f"  (assert (same ({left}) {right}));"

    def tests(self, assertions: Sequence[str]) -> str:
        """Return a value of assertions."""
        lines = ["", "let assertions =", f" let candidate = {self.function} in"]
        if self.has_fractions():
            near = f"Float.abs (a -. b) <= {TOLERANCE} +. {TOLERANCE} *. Float.abs b"
            lines.append(f" let close a b = {near} in")
        same = self.same(self.signature.returns)
        if same != EQUAL:
            lines.append(f" let same = {same} in")
        return "\n".join([*lines, *assertions, "  ()", ""])

    @classmethod
    def ended(cls, tests: str, end: str) -> str:
        """Return tests after the last of which a text is printed."""
        return inserted(tests, "  ()", f'  print_endline "{end}";\n')


def settled(comment: str) -> str:
    """Return a comment, without its first bracket, that ends where its last line does.

    In a comment of OCaml comments and strings may stand, which have to end in it.
    """
    inside = comment.removesuffix("*)\n").replace("*)", "* )").replace("(*", "( *")
    inside = re.sub(r"\{(?=[a-z_]*\|)", "{ ", inside)
    if '"' in QUOTED.sub("", inside):
        inside = inside.replace('"', "''")
    return f"{inside}*)\n"
