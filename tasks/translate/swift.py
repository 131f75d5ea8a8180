"""Swift: values are written as their declared types want them."""

from __future__ import annotations

import ast
from collections.abc import Sequence

from codeeval.tasks.translate.plain import Plain
from codeeval.tasks.translate.source import Assertion, Signature, Type, Untranslatable
from codeeval.tasks.translate.translator import commented, escaped

__all__ = ["Swift"]

TYPES = {"int": "Int", "float": "Double", "str": "String", "bool": "Bool", "Any": "AnyHashable"}
TEXT = escaped(("\\", "\\\\"), ('"', '\\"'), ("\n", "\\n"), ("\t", "\\t"))
ANY = Type("Any")
EQUAL = """

func ==(left: [(Int, Int)], right: [(Int, Int)]) -> Bool {
    if left.count != right.count {
        return false
    }
    for (l, r) in zip(left, right) {
        if l != r {
            return false
        }
    }
    return true
}
            """


class Swift(Plain):
    """Swift."""

    name = "swift"
    title = "Swift"
    words = ("Swift", "swift", "array", "array", "tuple", "dictionary", "nil", "true", "false")
    stop_tokens = ("\n}",)
    wrong = r"Assertion failed"
    closes = True

    def __init__(self, signature: Signature) -> None:
        super().__init__(signature)
        self.needs = ""
        """What is declared before the function."""

    # Types

    def kind(self, kind: Type | None) -> str:
        """Return a type, and note what has to be declared for it.

        Raises:
            Untranslatable: If there is none.
        """
        match kind:
            case Type("List", (item,)) | Type("Tuple", (item, Type("..."))):
                return f"[{self.kind(item)}]"
            case Type("Tuple", (item,)):
                return self.kind(item)
            case Type("Tuple", parts) if parts:
                return f"({', '.join(map(self.kind, parts))})"
            case Type("Dict", (key, value)):
                return f"[{self.kind(key)} : {self.kind(value)}]"
            case Type("Optional", (item,)):
                return f"{self.kind(item)}?"
            case Type("Union", parts):
                return self._union(parts)
            case Type(name, ()) if name in TYPES:
                return TYPES[name]
        raise Untranslatable(f"the type {kind}")

    def _union(self, parts: Sequence[Type]) -> str:
        rest = [each for each in parts if each.name != "None"]
        if len(rest) < len(parts):
            made = Type("Union", tuple(rest)) if len(rest) > 1 else rest[0]
            return f"{self.kind(made)}?"
        if len(rest) == 2:
            first, second = map(self.kind, rest)
            self.needs = f"\nextension {second}: Error {{}}\n        "
            return f"Result<{first}, {second}>"
        cases = []
        for each in rest:
            if each.parts or each.name not in TYPES:
                raise Untranslatable(f"the type {Type('Union', tuple(parts))}")
            cases.append(f"    case {TYPES[each.name].lower()}Value({TYPES[each.name]})\n")
        self.needs = f"\nenum Value: Equatable, Hashable {{\n{''.join(cases)}}}\n\n            "
        return "Value"

    # Values

    def at(self, node: ast.expr, kind: Type | None) -> tuple[str, bool]:
        """Return a value as one of a type, and whether it is a wider one than its own.

        Raises:
            Untranslatable: If it is none.
        """
        match kind, node:
            case Type("Optional", (item,)), _:
                return self._optional(node, item)
            case Type("Union", parts), _ if Type("None") in parts:
                rest = tuple(each for each in parts if each.name != "None")
                return self._optional(node, Type("Union", rest) if len(rest) > 1 else rest[0])
            case Type("Union", parts), _:
                return self._chosen(node, parts)
            case Type("Any"), _:
                return self._anything(node), False
            case _, ast.UnaryOp(ast.USub(), ast.Constant(int() | float() as positive)):
                return self.at(ast.Constant(-positive), kind)
            case Type("bool"), ast.Constant(bool(value)):
                return str(value).lower(), False
            case Type("int"), ast.Constant(int(value)) if not isinstance(value, bool):
                return repr(value), False
            case Type("float"), ast.Constant(float(value)):
                return repr(value), False
            case Type("float"), ast.Constant(int(value)) if not isinstance(value, bool):
                return repr(value), True
            case Type("str"), ast.Constant(str(value)):
                return TEXT(value), False
            case (
                Type("List", (item,)) | Type("Tuple", (item, Type("..."))),
                (ast.List(nodes) | ast.Tuple(nodes)),
            ):
                if not nodes:
                    return f"[] as {self.kind(kind)}", False
                return self._all([(each, item) for each in nodes], "[]")
            case Type("Tuple", (item,)), ast.Tuple([each]):
                return self.at(each, item)
            case Type("Tuple", parts), ast.Tuple(nodes) if len(parts) == len(nodes):
                return self._all(list(zip(nodes, parts, strict=True)), "()")
            case Type("Dict", (key, value)), ast.Dict(keys, values):
                if not keys:
                    return f"[:] as {self.kind(kind)}", False
                pairs = [
                    f"{self.at(name, key)[0]} : {self.at(each, value)[0]}"
                    for name, each in zip(keys, values, strict=True)
                    if name is not None
                ]
                return f"[{', '.join(pairs)}]", False
        raise Untranslatable(f"{ast.unparse(node)[:60]} where {kind} is declared")

    def _all(self, items: list[tuple[ast.expr, Type]], brackets: str) -> tuple[str, bool]:
        found = [self.at(node, kind) for node, kind in items]
        text = ", ".join(each for each, _ in found)
        return f"{brackets[0]}{text}{brackets[1]}", any(wider for _, wider in found)

    def _optional(self, node: ast.expr, kind: Type) -> tuple[str, bool]:
        if isinstance(node, ast.Constant) and node.value is None:
            return "nil", False
        return self.at(node, kind)

    def _chosen(self, node: ast.expr, parts: Sequence[Type]) -> tuple[str, bool]:
        """Return a value as one of the alternatives: the first that fits, if need be widened."""
        found = []
        for place, each in enumerate(parts):
            try:
                found.append((place, *self.at(node, each)))
            except Untranslatable:
                continue
        exact = [each for each in found if not each[2]] or found
        if not exact:
            raise Untranslatable(f"{ast.unparse(node)[:60]} where a union is declared")
        place, text, _ = exact[0]
        if len(parts) == 2:
            return f".{('success', 'failure')[place]}({text})", False
        return f".{TYPES[parts[place].name].lower()}Value({text})", False

    def _anything(self, node: ast.expr) -> str:
        match node:
            case ast.List([]) | ast.Tuple([]):
                return "[] as [AnyHashable]"
            case ast.List():
                return self.at(node, Type("List", (ANY,)))[0]
            case ast.Dict([]):
                return "[:] as [AnyHashable : AnyHashable]"
            case ast.Dict():
                return self.at(node, Type("Dict", (ANY, ANY)))[0]
        for name in ("bool", "int", "float", "str"):
            try:
                return self.at(node, Type(name))[0]
            except Untranslatable:
                continue
        raise Untranslatable(f"{ast.unparse(node)[:60]} where anything is declared")

    def case(self, assertion: Assertion) -> tuple[str, str]:
        """Return both sides; a call has the names of the parameters."""
        match assertion.left:
            case ast.Call(ast.Name(), arguments, []):
                pass
            case _:
                raise Untranslatable(f"a test that calls nothing: {ast.unparse(assertion.left)}")
        if len(arguments) != len(self.signature.parameters):
            raise Untranslatable("a call with another number of arguments")
        given = [
            f"{name}: {self.at(node, kind)[0]}"
            for node, (name, kind) in zip(arguments, self.signature.parameters, strict=True)
        ]
        call = f"{self.signature.name}({', '.join(given)})"
        return call, self.at(assertion.right, self.signature.returns)[0]

    # Texts

    def prompt(self, description: str) -> str:
        """Return what has to be declared, a comment and the head."""
        self.needs = ""
        given = ", ".join(f"{name}: {self.kind(kind)}" for name, kind in self.signature.parameters)
        returns = self.kind(self.signature.returns)
        head = f"func {self.signature.name}({given}) -> {returns} " + "{"
        return f"{self.needs}\n{commented(description, '/// ')}{head}\n"

    def assertion(self, left: str, right: str) -> str:
        """Return a test."""
        return f"assert({left} == {right})"

    def tests(self, assertions: Sequence[str]) -> str:
        """Return the end of the function, and assertions."""
        return "\n".join(["}", EQUAL, *assertions])

    @classmethod
    def ended(cls, tests: str, end: str) -> str:
        """Return tests after the last of which a text is printed."""
        return f'{tests}\nprint("\\n{end}")\n'
