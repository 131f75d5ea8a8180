"""Haskell."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from codeeval.tasks.translate.inferred import camel
from codeeval.tasks.translate.named import Named, quoted
from codeeval.tasks.translate.source import Type
from codeeval.tasks.translate.translator import commented, inserted

__all__ = ["Haskell"]

TOLERANCE = "1e-4"
"""By how much a ``Float`` may be off, which has seven digits."""
EQUAL = "(==)"
RESERVED = (
    "case class data default deriving do else foreign forall if import in infix infixl infixr "
    "instance let mdo module newtype of proc rec then type where _"
)
TAKEN = (
    "abs all and any break candidate ceiling compare concat const cos curry cycle div divMod "
    "drop either elem error even exp filter flip floor fmap foldl foldr fst gcd getLine head id "
    "init iterate last lcm length lex lines log lookup main map max maximum maybe min minimum "
    "mod negate not notElem null odd or otherwise pi pred print product properFraction pure "
    "putStr putStrLn quot read recip rem repeat replicate return reverse round same scanl scanr "
    "seq sequence show signum sin snd span splitAt sqrt subtract succ sum tail take tan "
    "traverse truncate uncurry undefined unlines until unwords unzip userError words zip zip3 "
    "zipWith"
)


class Haskell(Named):
    """Haskell; dictionaries are lists of pairs, whose order does not count in a result."""

    name = "hs"
    title = "Haskell"
    words = (
        *("Haskell", "hs", "list", "list", "tuple", "association list", "Nothing", "True"),
        "False",
    )
    stop_tokens = ("\n\n", "\n{-", "\n-- |", "\n--", "\ntype", "\ndata", "\nnewtype")
    wrong = r"assertion failed"
    plain: ClassVar[dict[str, str]] = {
        "int": "Int",
        "float": "Float",
        "str": "String",
        "bool": "Bool",
    }
    constants = ("True", "False")
    reserved = frozenset(RESERVED.split())
    taken = frozenset(TAKEN.split())

    @classmethod
    def cased(cls, name: str) -> str:
        """Return a name in camel case that begins with a small letter."""
        made = camel(name) or name
        return made[:1].lower() + made[1:]

    def list_of(self, item: Type) -> str:
        """Return the type of a list."""
        return f"[{self.kind(item)}]"

    def tuple_of(self, parts: Sequence[Type]) -> str:
        """Return the type of a tuple."""
        return f"({', '.join(map(self.kind, parts))})"

    def dict_of(self, key: Type, value: Type) -> str:
        """Return the type of a list of pairs."""
        return f"[({self.kind(key)}, {self.kind(value)})]"

    def optional_of(self, item: Type) -> str:
        """Return the type of what may be none."""
        made = self.kind(item)
        return f"Maybe ({made})" if made.startswith("Maybe ") else f"Maybe {made}"

    def text(self, value: str) -> str:
        """Return a string."""
        return quoted(value, lambda code: f"\\{code}\\&")

    def signed(self, text: str) -> str:
        """Return a number, with brackets if it is negative."""
        return f"({text})" if text.startswith("-") else text

    def nothing(self) -> str:
        """Return None."""
        return "Nothing"

    def some(self, value: str, item: Type) -> str:
        """Return a value that is there where it may be none."""
        return f"(Just {value})"

    def list_value(self, items: Sequence[str], item: Type) -> str:
        """Return a list."""
        return f"[{','.join(items)}]"

    def tuple_value(self, items: Sequence[str], parts: Sequence[Type]) -> str:
        """Return a tuple."""
        return f"({', '.join(items)})"

    def dict_value(self, items: Sequence[tuple[str, str]], key: Type, value: Type) -> str:
        """Return a list of pairs."""
        return f"[{','.join(f'({name}, {each})' for name, each in items)}]"

    def call(self, function: str, arguments: list[str]) -> str:
        """Return a call."""
        return " ".join([self.called(function), *arguments])

    def same(self, kind: Type | None) -> str:
        """Return a function that compares two values of a type."""
        match kind:
            case Type("float"):
                return "close"
            case Type("Tuple", (item, Type("..."))):
                return self.same(Type("List", (item,)))
            case Type("Dict", (_, value)):
                found = f"any (\\w -> {self.same(value)} w v) (lookup k a)"
                return f"(\\a b -> length a == length b && all (\\(k, v) -> {found}) b)"
            case Type(name, parts) if parts:
                inner = [self.same(each) for each in parts]
                if all(each == EQUAL for each in inner):
                    return EQUAL
                if name == "List":
                    return f"(\\a b -> length a == length b && and (zipWith {inner[0]} a b))"
                if name == "Optional":
                    both = f"length a == length b && and ({inner[0]} <$> a <*> b)"
                    return f"(\\a b -> {both})"
                left, right = (", ".join(f"{side}{n}" for n in range(len(parts))) for side in "ab")
                both = " && ".join(f"{each} a{n} b{n}" for n, each in enumerate(inner))
                return f"(\\({left}) ({right}) -> {both})"
            case _:
                return EQUAL

    def prompt(self, description: str) -> str:
        """Return a comment, the type and the head."""
        kinds = [kind for _, kind in self.signature.parameters]
        kinds.append(self.signature.returns)
        lines = [
            f"{self.function} :: {' -> '.join(map(self.kind, kinds))}",
            f"{' '.join([self.function, *self.names])} =",
        ]
        return commented(description, "--  ", "-- | ") + "\n".join(lines)

    def assertion(self, left: str, right: str) -> str:
        """Return a test."""
        plain = self.same(self.signature.returns) == EQUAL
        same = f"{left} == {right}" if plain else f"same ({left}) {right}"
        return f'  if {same} then pure () else error "assertion failed"'

    def tests(self, assertions: Sequence[str]) -> str:
        """Return a main function of assertions."""
        lines = ["", "main :: IO ()", "main = do", f"  let candidate = {self.function}"]
        if self.has_fractions():
            lines.append(f"      close a b = abs (a - b) <= {TOLERANCE} + {TOLERANCE} * abs b")
        same = self.same(self.signature.returns)
        if same != EQUAL:
            lines.append(f"      same = {same}")
        return "\n".join([*lines, *assertions, "  pure ()", ""])

    @classmethod
    def ended(cls, tests: str, end: str) -> str:
        """Return tests after the last of which a text is printed."""
        return inserted(tests, "  pure ()", f'  putStrLn "{end}"\n')
