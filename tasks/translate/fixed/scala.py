"""Scala, with doubles."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from codeeval.tasks.translate.directed import TOLERANCE
from codeeval.tasks.translate.fixed.cased import FixedCased, renaming
from codeeval.tasks.translate.fixed.corrected import utf16
from codeeval.tasks.translate.scala import ScalaTexts
from codeeval.tasks.translate.source import Type, Untranslatable
from codeeval.tasks.translate.typed import Cased

__all__ = ["FixedScala"]

MOST = 22
"""How many items a tuple has at most."""
COMPARE = f"""\
    def sameInTests(actual: Any, expected: Any): Boolean = (actual, expected) match {{
      case (a: Double, e: Double) =>
        scala.math.abs(a - e) <= {TOLERANCE} + {TOLERANCE} * scala.math.abs(e)
      case (a: scala.collection.Map[_, _], e: scala.collection.Map[_, _]) =>
        val found = a.asInstanceOf[scala.collection.Map[Any, Any]]
        found.size == e.size && e.forall(pair => found.get(pair._1) match {{
          case Some(value) => sameInTests(value, pair._2)
          case _ => false
        }})
      case (a: scala.collection.Seq[_], e: scala.collection.Seq[_]) =>
        a.size == e.size && a.zip(e).forall(pair => sameInTests(pair._1, pair._2))
      case (a: Product, e: Product) =>
        a.productPrefix == e.productPrefix && a.productArity == e.productArity &&
          a.productIterator.zip(e.productIterator).forall(pair => sameInTests(pair._1, pair._2))
      case _ => actual == expected
    }}"""
RESERVED = (
    "abstract case catch do extends final finally forSome implicit lazy match new null object "
    "override package private protected requires sealed super this throw trait type val var true "
    "false def"
)


class FixedScala(ScalaTexts[str], FixedCased):
    """Scala."""

    plain: ClassVar[dict[str, str]] = {
        "int": "Long",
        "float": "Double",
        "str": "String",
        "bool": "Boolean",
        "Any": "Any",
    }
    renamed: ClassVar[dict[str, str]] = {**Cased.renamed, **renaming(RESERVED)}
    suffix = "L"
    coded = staticmethod(utf16)

    def spelled(self, name: str) -> str:
        """Return a function's name in camel case, with an underscore if it is not free."""
        made = super().spelled(name)
        return self.renamed.get(made, made)

    def tuple_of(self, parts: Sequence[Type]) -> str:
        """Return the type of a tuple."""
        if len(parts) > MOST:
            raise Untranslatable(f"a tuple of more than {MOST} items")
        return super().tuple_of(parts)

    def union_of(self, parts: Sequence[Type]) -> str:
        """Return the type of what is one of two, or anything where there are more."""
        return f"Either[{', '.join(map(self.kind, parts))}]" if len(parts) == 2 else "Any"

    def list_value(self, items: Sequence[str], item: Type) -> str:
        """Return a list."""
        return f"{self.list_of(item)}({', '.join(items)})"

    def tuple_value(self, items: Sequence[str], parts: Sequence[Type]) -> str:
        """Return a tuple."""
        return f"{self.tuple_of(parts)}({', '.join(items)})"

    def dict_value(self, items: Sequence[tuple[str, str]], key: Type, value: Type) -> str:
        """Return a dictionary."""
        return f"{self.dict_of(key, value)}({', '.join(f'{n} -> {each}' for n, each in items)})"

    def some(self, value: str, item: Type) -> str:
        """Return a value that is there where it may be none."""
        return f"Some({value})"

    def none(self, item: Type) -> str:
        """Return nothing where a value may be."""
        return "None"

    def chosen(self, value: str, kind: Type, parts: Sequence[Type]) -> str:
        """Return a value that may be of several types."""
        if len(parts) != 2:
            return value
        return f"{'Left' if kind == parts[0] else 'Right'}({value})"

    def beside(self) -> Sequence[str]:
        """Return what compares numbers with fractions."""
        return (COMPARE,) if self.has_fractions() else ()

    def assertion(self, left: str, right: str) -> str:
        """Return a test."""
        if self.has_fractions():
            return f"    assert(sameInTests({left}, {right}));"
        return f"    assert({left} == ({right}));"
