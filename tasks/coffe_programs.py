"""From the reply of a model to a program that COFFE can run."""

from __future__ import annotations

import ast

from codeeval.tasks.extract import fence_auto
from codeeval.tasks.sanitize import parsed

__all__ = ["FUNCTION", "file_program", "function_program"]

FUNCTION = "solution"
"""The name under which every function is called."""
HEADER = """import sys
sys.setrecursionlimit(1000000)
sys.set_int_max_str_digits(1000000)
"""
"""What the benchmark lets each program do."""
FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
DEFINING = (*FUNCTIONS, ast.ClassDef)
DEFINITIONS = (*DEFINING, ast.Import, ast.ImportFrom)
WRAPPED = """
def {name}(*arguments):
    return {owner}().{method}(*arguments)
"""
SCRIPT = """
import io as _io
_CODE = compile({code!r}, "<program>", "exec")
def {name}(text):
    given, kept = sys.stdin, sys.stdout
    sys.stdin = _io.TextIOWrapper(_io.BytesIO(text.encode()))
    sys.stdout = _io.TextIOWrapper(_io.BytesIO(), write_through=True)
    try:
        exec(_CODE, {{"__name__": "__main__"}})
    except SystemExit as _end:
        if _end.code not in (None, 0):
            raise
    finally:
        written, sys.stdin, sys.stdout = sys.stdout, given, kept
    written.flush()
    return written.buffer.getvalue().decode()
"""


def function_program(text: str, entry_point: str, prompt: str) -> str:
    """Return a program that defines `FUNCTION`.

    Args:
        text: A reply with the function in it, or the code alone.
        entry_point: Its name; without it the last function of the program is meant, or the last
            method of its last class.
        prompt: What a reply continues that is only a body.

    Returns:
        What cannot be parsed is returned as it is: it will not compile.
    """
    code = fence_auto(text, entry_point)
    tree = parsed(code)
    if tree is None or not any(isinstance(node, DEFINING) for node in tree.body):
        code = fence_auto(text, entry_point, prompt)
        tree = parsed(code)
    if tree is None:
        return HEADER + code
    functions = [node.name for node in tree.body if isinstance(node, FUNCTIONS)]
    name = entry_point if entry_point in functions else functions[-1] if functions else ""
    if name:
        alias = f"\n{FUNCTION} = {name}\n" if name != FUNCTION else "\n"
        return HEADER + _up_to(code, tree, name) + alias
    return HEADER + code + (_method_wrapper(tree) or "")


def _up_to(code: str, tree: ast.Module, name: str) -> str:
    """Return code without the statements after a function that define nothing: calls of it."""
    lines = code.split("\n")
    place = max(n for n, node in enumerate(tree.body) if getattr(node, "name", "") == name)
    kept = lines[: tree.body[place].end_lineno]
    for node in tree.body[place + 1 :]:
        if isinstance(node, DEFINITIONS):
            decorators: list[ast.expr] = getattr(node, "decorator_list", [])
            start = min([node.lineno, *[each.lineno for each in decorators]])
            kept += lines[start - 1 : node.end_lineno]
    return "\n".join(kept)


def _method_wrapper(tree: ast.Module) -> str | None:
    owner = [node for node in tree.body if isinstance(node, ast.ClassDef)][-1:]
    methods = [each.name for node in owner for each in node.body if isinstance(each, FUNCTIONS)]
    if not methods:
        return None
    return WRAPPED.format(name=FUNCTION, owner=owner[0].name, method=methods[-1])


def file_program(text: str, *, extract: bool = True) -> str:
    """Return a program whose `FUNCTION` takes the standard input and returns what is printed.

    A script runs in a fresh namespace each time, as ``__main__``. One that holds only definitions
    is called as a function of the input would be: its last function, with no arguments.

    Args:
        text: A reply with the program in it, or the code alone.
        extract: Whether it is a reply.
    """
    code = fence_auto(text, None) if extract else text
    tree = parsed(code)
    if tree is None:
        return HEADER + code
    if tree.body and all(isinstance(node, DEFINITIONS) for node in tree.body):
        functions = [node.name for node in tree.body if isinstance(node, FUNCTIONS)]
        code += f"\n{functions[-1]}()\n" if functions else ""
    return HEADER + SCRIPT.format(code=code, name=FUNCTION)
