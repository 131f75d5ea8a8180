"""From the reply of a model to a program that COFFE can run."""

from __future__ import annotations

import ast
import re

from codeeval.tasks.extract import fence_auto, strip_thinking
from codeeval.tasks.sanitize import parsed

__all__ = ["FUNCTION", "file_program", "function_program"]

FUNCTION = "solution"
"""The name under which every function is called."""
ALLOWED = """
import sys as _sys
_sys.setrecursionlimit(1000000)
_sys.set_int_max_str_digits(1000000)
"""
"""What the benchmark lets each program do; below it, as imports from the future come first."""
BLOCK = re.compile(r"^[ \t]*```([^\n`]*)\n(.*?)(?:^[ \t]*```|\Z)", re.MULTILINE | re.DOTALL)
FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
DEFINING = (*FUNCTIONS, ast.ClassDef)
DEFINITIONS = (*DEFINING, ast.Import, ast.ImportFrom)
WRAPPED = """
def {name}(*arguments):
    return {owner}().{method}(*arguments)
"""
SCRIPT = """
import io as _io, sys as _sys
_CODE, _GIVEN = compile({code!r}, "<program>", "exec"), {{}}
exec({header!r}, _GIVEN)
def {name}(text):
    given, kept = _sys.stdin, _sys.stdout
    _sys.stdin = _io.TextIOWrapper(_io.BytesIO(text.encode()))
    _sys.stdout = _io.TextIOWrapper(_io.BytesIO(), write_through=True)
    try:
        exec(_CODE, {{**_GIVEN, "__name__": "__main__"}})
    except SystemExit as _end:
        if _end.code not in (None, 0):
            raise
    finally:
        written, _sys.stdin, _sys.stdout = _sys.stdout, given, kept
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
    code = _function_block(strip_thinking(text), entry_point)
    tree = parsed(code)
    if tree is None or not any(isinstance(node, DEFINING) for node in tree.body):
        whole = fence_auto(text, entry_point, prompt.rstrip() + "\n")
        tree, code = (parsed(whole), whole) if parsed(whole) else (tree, code)
    if tree is None:
        return code
    functions = [node.name for node in tree.body if isinstance(node, FUNCTIONS)]
    names = [name for name in (entry_point, FUNCTION, *functions[-1:]) if name in functions]
    if names:
        alias = f"\n{FUNCTION} = {names[0]}\n" if names[0] != FUNCTION else "\n"
        return _up_to(code, tree, names[0]) + alias + ALLOWED
    return code + (_method_wrapper(tree) or "") + ALLOWED


def _function_block(text: str, entry_point: str) -> str:
    """Return the block with the function, or the first with any; without blocks the text."""
    blocks: list[str] = [block for _, block in BLOCK.findall(text)]
    if not blocks:
        return text
    named = re.compile(rf"^\s*(async\s+)?def\s+{re.escape(entry_point)}\b", re.MULTILINE)
    return next(
        (block for block in blocks if named.search(block)),
        next((block for block in blocks if re.search(r"^\s*def ", block, re.MULTILINE)), blocks[0]),
    )


def _file_block(text: str) -> str:
    """Return the first block of Python, or the first block; without blocks the text."""
    blocks: list[tuple[str, str]] = BLOCK.findall(text)
    python = [block for language, block in blocks if language.strip().lower() == "python"]
    return [*python, *(block for _, block in blocks), text][0]


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


def file_program(text: str, *, extract: bool = True, header: str = "") -> str:
    """Return a program whose `FUNCTION` takes the standard input and returns what is printed.

    A script runs in a fresh namespace each time, as ``__main__``. One that holds only definitions
    is called as a function of the input would be: its last function, with no arguments.

    Args:
        text: A reply with the program in it, or the code alone.
        extract: Whether it is a reply.
        header: Source whose names a script finds when it begins.
    """
    code = _file_block(strip_thinking(text)) if extract else text
    tree = parsed(code)
    if tree is None:
        return code
    if tree.body and all(isinstance(node, DEFINITIONS) for node in tree.body):
        functions = [node.name for node in tree.body if isinstance(node, FUNCTIONS)]
        code += f"\n{functions[-1]}()\n" if functions else ""
    return SCRIPT.format(code=code, name=FUNCTION, header=header) + ALLOWED
