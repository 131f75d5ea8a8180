"""Ada."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import ClassVar

from codeeval.tasks.translate.directed import TOLERANCE
from codeeval.tasks.translate.records import ORDINALS, Records, is_list
from codeeval.tasks.translate.source import Type, Untranslatable
from codeeval.tasks.translate.translator import commented, inserted

__all__ = ["Ada"]

QUOTES = '""'
CONTROL = re.compile(r"([\x00-\x1f\x7f-\x9f])")
PACKAGES = (
    *("Characters.Handling", "Containers.Generic_Array_Sort", "Containers.Ordered_Maps"),
    *("Containers.Ordered_Sets", "Containers.Vectors", "Numerics.Long_Elementary_Functions"),
    "Strings.Fixed",
)
OPENED = "with Ada.Strings.Unbounded; use Ada.Strings.Unbounded;\n"
CONTEXT = "".join(f"with Ada.{each};\n" for each in PACKAGES) + OPENED
NEAR = TOLERANCE.replace("e", ".0E")
TEXT = """   function "+" (Text : String) return Unbounded_String renames To_Unbounded_String;
"""
OPTION = """   type {0} (Exists : Boolean := False) is record
      case Exists is
         when True => Value : {1};
         when False => null;
      end case;
   end record;
"""
VECTOR_HEAD = '   function "+" (Items : {0}_Array) return {0}_Vectors.Vector'
VECTOR_BODY = """ is
      Result : {0}_Vectors.Vector;
   begin
      for Item of Items loop
         Result.Append (Item);
      end loop;
      return Result;
   end "+";
"""
ARRAY_SAME = """Left'Length = Right'Length and then
       (for all N in Left'Range =>
          Same (Left (N), Right (N - Left'First + Right'First)))"""
VECTOR_SAME = """Left.Last_Index = Right.Last_Index and then
       (for all N in 1 .. Left.Last_Index =>
          Same (Left.Element (N), Right.Element (N)))"""
OPTION_SAME = """Left.Exists = Right.Exists and then
       (not Left.Exists or else Same (Left.Value, Right.Value))"""
RESERVED = (
    "abort abs abstract accept access aliased all and array at begin body case constant "
    "declare delay delta digits do else elsif end entry exception exit for function generic "
    "goto if in interface is limited loop mod new not null of or others out overriding "
    "package pragma private procedure protected raise range record rem renames requeue return "
    "reverse select separate some subtype synchronized tagged task terminate then type until "
    "use when while with xor "
    "boolean character false float integer long_float long_long_integer natural positive "
    "standard string true unbounded_string"
)
TAKEN = (
    "ada append calendar direct_io element gnat index interfaces length main problem same "
    "sequential_io slice system text_io unbounded_io machine_code"
)


class Ada(Records):
    """Ada; a list is an array, within another list or a record it is a vector."""

    name = "adb"
    title = "Ada"
    words = ("Ada", "adb", "array", "array", "record", "map", "null", "True", "False")
    stop_tokens = ("\nend ", "\nend;", "\nfunction ", "\nprocedure ", "\npackage ")
    wrong = r"raised (?:ADA\.ASSERTIONS\.ASSERTION_ERROR|SYSTEM\.ASSERTIONS\.ASSERT_FAILURE)"
    closes = True
    plain: ClassVar[dict[str, str]] = {
        "int": "Long_Long_Integer",
        "float": "Long_Float",
        "str": "Unbounded_String",
        "bool": "Boolean",
    }
    titles: ClassVar[dict[str, str]] = {
        "int": "Integer",
        "float": "Float",
        "str": "Text",
        "bool": "Boolean",
    }
    listed_as = "Vector"
    joint = "_"
    constants = ("True", "False")
    more = "_X"
    reserved = frozenset(RESERVED.split())
    taken = frozenset(TAKEN.split())

    @classmethod
    def cased(cls, name: str) -> str:
        """Return a name with capital letters at the beginnings of its words."""
        return "_".join(each.capitalize() for each in name.split("_") if each) or "X"

    @classmethod
    def alike(cls, name: str) -> str:
        """Return what is the same for names that are the same."""
        return name.lower()

    # Types

    def inner(self, kind: Type) -> str:
        """Return a type as a part of another one."""
        made = self.kind(kind)
        return f"{made.removesuffix('_Array')}_Vectors.Vector" if is_list(kind) else made

    def list_of(self, item: Type) -> str:
        """Return the name of an array."""
        self.kind(item)
        return f"{self.title_of(item)}_Array"

    # Values

    def text(self, value: str) -> str:
        """Return a string, made of what is in Latin-1."""
        if any(sign > "\xff" for sign in value):
            raise Untranslatable("a character beyond those of Ada's strings")
        parts = [each for each in re.split(CONTROL, value) if each]
        made = [
            f"Character'Val ({ord(each)})"
            if CONTROL.match(each)
            else '"' + each.replace('"', QUOTES) + '"'
            for each in parts
        ]
        if made and not made[0].startswith('"'):
            made.insert(0, '""')
        return f"+({' & '.join(made)})" if len(made) > 1 else f"+{''.join(made) or QUOTES}"

    def number(self, value: float) -> str:
        """Return a number with a fraction, which has a point."""
        return re.sub(r"^(-?\d+)e", r"\1.0e", super().number(value))

    def list_value(self, items: Sequence[str], item: Type) -> str:
        """Return an array."""
        made = [self.part(each, item) for each in items]
        if len(made) > 1:
            return f"({', '.join(made)})"
        return f"(1 => {made[0]})" if made else f"(1 .. 0 => {self.least(item)})"

    def part(self, value: str, kind: Type) -> str:
        """Return a value as a part of another one."""
        return f"+{value}" if is_list(kind) else value

    def least(self, kind: Type) -> str:
        """Return some value of a type, for where one has to be told."""
        match kind:
            case Type("List", (item,)) | Type("Tuple", (item, Type("..."))):
                return f"+(1 .. 0 => {self.least(item)})"
            case Type("Tuple", parts):
                return self.tuple_value([*map(self.least, parts)], parts)
            case Type("Optional", (item,)):
                return self.none(item)
        return {"int": "0", "float": "0.0", "str": f"+{QUOTES}", "bool": "False"}[kind.name]

    def tuple_value(self, items: Sequence[str], parts: Sequence[Type]) -> str:
        """Return a record."""
        made = [*map(self.part, items, parts)]
        return f"({', '.join(made)})" if len(made) > 1 else f"(First => {made[0]})"

    def some(self, value: str, item: Type) -> str:
        """Return a record with a value."""
        return f"(True, {self.part(value, item)})"

    def none(self, item: Type) -> str:
        """Return a record without a value."""
        return "(Exists => False)"

    def call(self, function: str, arguments: list[str]) -> str:
        """Return a call."""
        return f"{self.function} ({', '.join(arguments)})" if arguments else self.function

    # Programs

    def declared(self, title: str, kind: Type, *, is_part: bool) -> str:
        """Return the declaration of a type."""
        if kind.name == "str":
            return TEXT
        if is_list(kind):
            item = kind.parts[0]
            name, inner = self.title_of(item), self.inner(item)
            lines = f"   type {name}_Array is array (Positive range <>) of {inner};\n"
            if is_part:
                same = f', {inner.removesuffix(".Vector")}."="' if is_list(item) else ""
                lines += f"   package {name}_Vectors is new\n"
                lines += f"     Ada.Containers.Vectors (Positive, {inner}{same});\n"
                lines += VECTOR_HEAD.format(name) + ";\n"
            return lines
        match kind:
            case Type("Tuple", parts):
                fields = zip(ORDINALS, map(self.inner, parts), strict=False)
                inside = "".join(f"      {name.title()} : {part};\n" for name, part in fields)
                return f"   type {title} is record\n{inside}   end record;\n"
            case Type("Optional", (item,)):
                return OPTION.format(title, self.inner(item))
        return ""

    def package(self) -> str:
        """Return the package that declares types, or nothing if there are none."""
        kinds = [*(kind for _, kind in self.signature.parameters), self.signature.returns]
        parts = self.all_types(part for kind in kinds if kind is not None for part in kind.parts)
        found = parts | self.all_types(kinds)
        lines = [self.declared(*each, is_part=each[0] in parts) for each in found.items()]
        if not any(lines):
            return ""
        spec = f"package Problem is\n{''.join(lines)}end Problem;\n\n"
        bodies = [
            VECTOR_HEAD.format(name) + VECTOR_BODY.format(name)
            for name in (self.title_of(kind.parts[0]) for kind in parts.values() if is_list(kind))
        ]
        body = f"package body Problem is\n{''.join(bodies)}end Problem;\n\n" if bodies else ""
        return f"with Ada.Containers.Vectors;\n{OPENED}\n{spec}{body}"

    def prompt(self, description: str) -> str:
        """Return a package with types, what the function can use, a comment and the head."""
        kinds = [self.kind(kind) for _, kind in self.signature.parameters]
        given = "; ".join(f"{n} : {kind}" for n, kind in zip(self.names, kinds, strict=True))
        head = f"function {self.function}{f' ({given})' if given else ''}"
        returns = self.kind(self.signature.returns)
        package = self.package()
        used = "with Problem; use Problem;\n" if package else ""
        comment = commented(description, "--  ")
        return f"{package}{CONTEXT}{used}\n{comment}{head} return {returns} is\n"

    def assertion(self, left: str, right: str) -> str:
        """Return a test."""
        same = f"Same ({left}, {right})" if self.has_fractions() else f"{left} = {right}"
        return f"   pragma Assert ({same});"

    def comparisons(self) -> list[str]:
        """Return functions that compare results in which numbers with fractions are."""
        returns = self.signature.returns
        lines = []
        for kind in self.all_types([returns]).values():
            spelled, ways = self.kind(kind), "Left = Right"
            if is_list(kind) and kind == returns:
                ways = ARRAY_SAME
            elif is_list(kind):
                spelled, ways = self.inner(kind), VECTOR_SAME
            elif kind.name == "float":
                ways = f"abs (Left - Right) <= {NEAR} * (1.0 + abs Right)"
            elif kind.name == "Tuple":
                names = [each.title() for each in ORDINALS[: len(kind.parts)]]
                ways = " and then ".join(f"Same (Left.{each}, Right.{each})" for each in names)
            elif kind.name == "Optional":
                ways = OPTION_SAME
            lines.append(
                f"   function Same (Left, Right : {spelled}) return Boolean is\n     ({ways});"
            )
        return lines

    def tests(self, assertions: Sequence[str]) -> str:
        """Return the end of the function, and a main procedure of assertions."""
        used = "with Problem; use Problem;\n" if self.package() else ""
        lines = [f"end {self.function};", "", f"{OPENED}{used}with {self.function};", ""]
        lines += ["procedure Main is", *(self.comparisons() if self.has_fractions() else [])]
        return "\n".join([*lines, "begin", *(assertions or ["   null;"]), "end Main;", ""])

    @classmethod
    def ended(cls, tests: str, end: str) -> str:
        """Return tests after the last of which a text is printed."""
        printed = inserted(tests, "end Main;\n", f'   Ada.Text_IO.Put_Line ("{end}");\n')
        return inserted(printed, "procedure Main is\n", "with Ada.Text_IO;\n")
