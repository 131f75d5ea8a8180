"""How REval's answers are graded: source that runs where they are compared, and how it is made."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator, Sequence

__all__ = ["POINT", "STATE", "UnlikeAsked", "filled", "is_made", "output_tests", "prepared"]

HOLE = "__hole"
LONGEST = 100_000
"""Characters of an answer that is read."""
TYPE_NAMES = {"str", "int", "float", "bool", "list", "dict", "tuple", "set"}
MAKERS = {
    *("Decimal", "decimal.Decimal", "deque", "collections.deque", "date", "datetime", "timedelta"),
    *("datetime.date", "datetime.datetime", "datetime.time", "datetime.timedelta"),
    *("np.array", "numpy.array"),
}
PLAIN = (
    *(ast.Call, ast.Name, ast.Attribute, ast.Load, ast.Constant, ast.List, ast.Tuple, ast.Dict),
    *(ast.Set, ast.UnaryOp, ast.USub, ast.keyword),
)
TEST = "__codeeval_test"

STATE = '''
import ast as _ast
import datetime as _datetime

_TYPES = {"string": "str", "integer": "int", "none": "nonetype", "boolean": "bool"}

def _type_said(text):
    """Return the name of a type as an answer gives it."""
    text = text.strip().lower()
    if text.startswith("<class '") and text.endswith("'>"):
        text = text[8:-2]
    text = text.partition("[")[0].strip()
    if "," in text or "tuple" in text:
        return "tuple"
    text = text.rpartition(".")[2]
    return _TYPES.get(text, text)

def _value_said(text, kind):
    """Return the value that an answer gives for a type; raises ValueError and the like."""
    text = text.strip()
    if kind == "str":
        try:
            value = _ast.literal_eval(text)
        except (SyntaxError, ValueError):
            return text
        return value if isinstance(value, str) else text
    if kind in ("datetime", "date", "time"):
        maker = getattr(_datetime, kind)
        begin, _, rest = text.partition("(")
        if rest and begin.rpartition(".")[2] == kind:
            return maker(*_ast.literal_eval("(" + rest.rstrip()[:-1] + ",)"))
        return maker.fromisoformat(text.strip("'\\""))
    if kind == "ndarray":
        import numpy
        for word in ("numpy.array", "np.array", "array"):
            text = text.removeprefix(word)
        return numpy.array(_ast.literal_eval(text))
    value = _ast.literal_eval(text)
    if kind == "float" and type(value) is int:
        value = float(value)
    if type(value).__name__.lower() != kind:
        raise ValueError(kind)
    return value

def _alike(said, value):
    if type(said).__name__ == "ndarray" or type(value).__name__ == "ndarray":
        import numpy
        return bool(numpy.shape(said) == numpy.shape(value) and numpy.allclose(said, value))
    if isinstance(said, float) and isinstance(value, float):
        return said == value or abs(said - value) < 1e-6
    return bool(said == value)

def state_is(text, values):
    """Whether an answer gives one of the values, and the type of one; both may be Nil."""
    text = text.strip()
    if text == "Nil" or values is None:
        return text == "Nil" and values is None
    said, sep, kind = text.rpartition(";")
    kind = _type_said(kind)
    if not sep or all(type(each).__name__.lower() != kind for each in values):
        return False
    try:
        value = _value_said(said, kind)
        return any(_alike(value, each) for each in values)
    except Exception:
        return False
'''
"""Needs no sandbox of its own: of an answer nothing but literals is read."""

POINT = """
__code, __setup, __call, __line, __variable = {}, {}, {}, {}, {}
__covered, __next, __values = reval_values(
    __code, __call, [(__line, __variable)], before=__setup
)[0]
"""


class UnlikeAsked(Exception):
    """An answer is no assertion of the form that was asked for."""


def prepared(entry_point: str, test: str, given: str, number: int) -> tuple[str, str]:
    """Return what is run before a trace begins, and what is traced.

    Args:
        entry_point: The name of the function or class.
        test: Source of classes of ``unittest``; empty for a function.
        given: The arguments, as text of a tuple; not used for a class.
        number: Which of the classes of tests is run.
    """
    if not test:
        return "", f"{entry_point}{given}"
    classes = [
        node
        for node in ast.parse(test).body
        if isinstance(node, ast.ClassDef)
        and node.name.startswith(f"{entry_point}Test")
        and any("TestCase" in ast.unparse(base) for base in node.bases)
    ]
    chosen = classes[number]
    methods = (each.name for each in chosen.body if isinstance(each, ast.FunctionDef))
    method = next(name for name in methods if name.startswith("test"))
    setup = f"{test}\n{TEST} = {chosen.name}({method!r})\n{TEST}.setUp()\n"
    return setup, f"{TEST}.{method}()"


class _AsMethods(ast.NodeTransformer):
    """Has assertions of ``unittest`` called on the test, and holes be the next answers."""

    def __init__(self, given: Iterator[str]) -> None:
        self._given = given

    def visit_Name(self, node: ast.Name) -> ast.expr:
        """Return what a name stands for."""
        if node.id == HOLE:
            text = next(self._given)
            return ast.parse(text if is_made(text) else "next(__answers)", mode="eval").body
        if node.id.startswith("assert"):
            return ast.Attribute(ast.Name("self", ast.Load()), node.id, ast.Load())
        return node


def is_made(text: str) -> bool:
    """Whether an expression makes a value of a type of the library of what is written out.

    Such values cannot cross from one process to another; to make one where answers are compared
    runs nothing of a model's choice.
    """
    if not text:
        return False
    tree = ast.parse(text, mode="eval").body
    parts = list(ast.walk(tree))
    calls = [each for each in parts if isinstance(each, ast.Call)]
    names = {ast.unparse(each.func) for each in calls}
    attributes = sum(isinstance(each, ast.Attribute) for each in parts)
    if attributes > sum(isinstance(each.func, ast.Attribute) for each in calls):
        return False  # one that is not called
    others = {
        each.id for each in parts if isinstance(each, ast.Name) and each.id not in TYPE_NAMES
    } - {name.partition(".")[0] for name in names}
    plain = all(isinstance(each, PLAIN) for each in parts)
    return plain and names <= MAKERS and not others and bool(names or TYPE_NAMES & named(parts))


def named(parts: Iterable[ast.AST]) -> set[str]:
    """Return the names among the parts of an expression."""
    return {each.id for each in parts if isinstance(each, ast.Name)}


def output_tests(asked: str, given: Sequence[str]) -> str:
    """Return tests that compare what is asked with the list that `answer` returns.

    What belongs to a test stands in a function, whose ``self`` is the test that was set up.

    Args:
        asked: Assertions with ``??``.
        given: What an answer puts there, as source; those that are `is_made` are put in here.
    """
    tree = _AsMethods(iter(given)).visit(ast.parse(asked.replace("??", HOLE)))
    body = "\n".join(f"    {line}" for line in ast.unparse(tree).split("\n"))
    known = f"globals().get({TEST!r})"
    return f"def __asked(self, __answers):\n{body}\n__asked({known}, iter(answer()))\n"


def filled(asked: str, answer: str) -> list[str]:
    """Return what an answer puts in place of each ``??`` of assertions, as source.

    Of an answer with fewer lines the missing first ones are taken from what was asked.

    Raises:
        UnlikeAsked: If it is of another form.
    """
    if len(answer) > LONGEST:
        raise UnlikeAsked("too long an answer")
    lines, wanted = answer.strip().split("\n"), asked.strip().split("\n")
    if len(lines) < len(wanted):
        lines = [*wanted[: len(wanted) - len(lines)], *lines]
    marked = asked.replace("??", HOLE)
    try:
        pattern, found = (
            ast.parse(marked),
            ast.parse("\n".join(lines).replace("self.assert", "assert")),
        )
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        raise UnlikeAsked("the answer cannot be parsed") from None
    given: list[str] = []
    try:
        match(pattern, found, given)
        for each in given:
            compile(each, "<answer>", "eval", dont_inherit=True)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        raise UnlikeAsked("the answer cannot be read") from None
    return given


def match(pattern: ast.AST, found: ast.AST, given: list[str]) -> None:
    """Add what stands in the place of each hole."""
    if isinstance(pattern, ast.Name) and pattern.id == HOLE:
        given.append(ast.unparse(found))
        return
    if type(pattern) is not type(found):
        raise UnlikeAsked(f"not what was asked for: {ast.unparse(found)[:100]}")
    for (_, a), (_, b) in zip(ast.iter_fields(pattern), ast.iter_fields(found), strict=True):
        parts, others = (each if isinstance(each, list) else [each] for each in (a, b))
        if len(parts) != len(others):
            raise UnlikeAsked(f"not what was asked for: {ast.unparse(found)[:100]}")
        for one, other in zip(parts, others, strict=True):
            if isinstance(one, ast.AST) and isinstance(other, ast.AST):
                match(one, other, given)
            elif one != other:
                raise UnlikeAsked(f"not what was asked for: {other!r:.100}")
