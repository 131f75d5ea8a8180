"""Find the program in a chatty reply by syntax: what EvalPlus and BigCodeBench call sanitizing.

``sanitize`` and ``sanitize_bigcodebench`` give the same text as those two tools (compared with
EvalPlus 0.3.1 and BigCodeBench 0.2.5), weaknesses included: a score is comparable only if the same
code was cut out. ``program_defining`` is ours and loses less.

The parser is that of the running Python, so a reply that needs a newer one does not parse.
"""

from __future__ import annotations

import ast
import re
import warnings
from collections.abc import Collection, Iterable, Iterator, Mapping
from itertools import accumulate

from codeeval.tasks.statements import farthest_ends, parses

__all__ = [
    "bound_names",
    "calibrate",
    "longest_parsing_range",
    "parsed",
    "program_defining",
    "sanitize",
    "sanitize_bigcodebench",
]

ANSI_ESCAPE = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)|[@-Z\\^_])")
NEWLINE = re.compile(rb"\r\n|\r|\n")
# What a syntax tree of definitions includes after its last statement: a semicolon, a comment.
LINE_REST = re.compile(rb"(?:[ \t\f]*;)?(?:[ \t\f]*#[^\r\n]*)?")
COMMENT_LINE = re.compile(rb"([ \t\f]*)(?:#[^\r\n]*)?")
# Top-level calls that change how a program runs although they define nothing.
SETTINGS = frozenset({"setrecursionlimit", "set_int_max_str_digits"})
# String fields of syntax nodes that hold no identifier.
TEXT_FIELDS = frozenset({"value", "kind", "type_comment", "str"})

Definition = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef


def sanitize(text: str, entry_point: str | None = None) -> str:
    """Return the imports and definitions of ``text`` that ``entry_point`` needs, as EvalPlus does.

    Kept are, in this order: all imports, then classes, functions with a ``return`` and assignments
    that ``entry_point`` reaches by name; the first of a name wins. Lost are decorated definitions,
    ``from __future__`` imports and whole blocks such as ``try: import ...``: the original loses
    them. If nothing is left the result is the longest range of lines that parses.
    """
    text = ANSI_ESCAPE.sub("", text)
    code = longest_parsing_range(text)
    return _select(code, entry_point, functions_return=True).strip() or code


def sanitize_bigcodebench(text: str, entry_point: str | None = None) -> str:
    """Do as ``sanitize``, as BigCodeBench does.

    Functions need no ``return``, the text is stripped first, and a tail of unindented lines is cut
    off from the first that names ``entry_point`` (which removes a one-line function, too).
    """
    code = longest_parsing_range(text.strip())
    chosen = _select(code, entry_point, functions_return=False)
    if entry_point:
        chosen = _without_outer_lines(chosen, entry_point)
    return chosen.strip() or longest_parsing_range(text)


def calibrate(reply: str, complete_prompt: str) -> str:
    """Give the prompt back to fenced code that starts inside a function body (BigCodeBench)."""
    return reply.replace("```python\n    ", f"```python\n{complete_prompt}    ")


def longest_parsing_range(text: str) -> str:
    """Return the longest run of at least two lines that parses, or else the first line.

    The length counts lines that are not blank; of equally long runs the one that starts first and,
    among these, ends first. Same result as parsing all pairs of lines, in about linear time.
    """
    lines = text.split("\n")
    filled = list(accumulate((bool(line.strip()) for line in lines), initial=0))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # "\d" in a reply is no business of our caller
        whole = len(lines) - 1 if parses(text) else None
        ends = [whole] if whole is not None else farthest_ends(lines)
        first, last, longest = 0, 0, 0
        for start, end in enumerate(ends):
            if end is not None and end > start and filled[end + 1] - filled[start] > longest:
                first, last, longest = start, end, filled[end + 1] - filled[start]
        # The run may end in blank lines that add nothing; whether it parses without them is open.
        shorter = (
            end for end in range(first + 1, last) if filled[end + 1] - filled[first] == longest
        )
        last = next((end for end in shorter if parses("\n".join(lines[first : end + 1]))), last)
    return "\n".join(lines[first : last + 1])


def program_defining(text: str, entry_point: str) -> str | None:
    """Return the program in ``text`` that defines ``entry_point``, or None if there is none.

    Unlike ``sanitize`` this keeps source order, decorators, later definitions of a name, blocks and
    all kinds of assignments, as long as ``entry_point`` reaches a name that they bind. Statements
    that bind nothing (prints, asserts, words of prose that happen to parse) are dropped.
    """
    code = longest_parsing_range(text)
    tree = parsed(code)
    if tree is None:
        return None
    bindings = [(node, bound_names(node)) for node in tree.body]
    uses: dict[str | None, set[str]] = {}
    for node, names in bindings:
        for name in names:
            uses.setdefault(name, set()).update(_identifiers(node))
    if entry_point not in uses:
        return None
    needed = _reachable(entry_point, uses)
    kept = [
        node
        for node, names in bindings
        if isinstance(node, ast.Import | ast.ImportFrom)
        or _is_setting(node)
        or (not needed.isdisjoint(names) and not _only_tries(node, names, entry_point))
    ]
    return "\n".join(_slices(code, kept)).strip()


def parsed(text: str) -> ast.Module | None:
    """Return the syntax tree of ``text``, or None if it does not parse."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return ast.parse(text)
        except (SyntaxError, ValueError, MemoryError, RecursionError):
            return None


def bound_names(statement: ast.stmt) -> set[str]:
    """Return the names that a top-level statement may bind or change in the module."""
    names: set[str] = set()
    pending: list[ast.AST] = [statement]
    while pending:
        node = pending.pop()
        match node:
            case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
                names.add(node.name)
                continue  # what happens inside is local
            case ast.Import() | ast.ImportFrom():
                names.update((a.asname or a.name).partition(".")[0] for a in node.names)
            case ast.Name(ctx=ast.Store() | ast.Del()):
                names.add(node.id)
            case ast.Subscript(ctx=ast.Store() | ast.Del()) | ast.Attribute(ctx=ast.Store()):
                names.update(child.id for child in ast.walk(node) if isinstance(child, ast.Name))
        pending.extend(ast.iter_child_nodes(node))
    return names


def _is_setting(node: ast.stmt) -> bool:
    match node:
        case ast.Expr(value=ast.Call(func=ast.Attribute(attr=name))):
            return name in SETTINGS
    return False


def _only_tries(node: ast.stmt, names: Collection[str], entry_point: str) -> bool:
    """Whether a statement uses the entry point without being part of its definition."""
    if isinstance(node, Definition) or entry_point in names:
        return False
    return entry_point in _identifiers(node)


def _select(code: str, entry_point: str | None, *, functions_return: bool) -> str:
    """Return imports and needed definitions of ``code``; empty if it does not parse."""
    tree = parsed(code)
    if tree is None:  # a single line; its indentation stops Python, but not the original
        code = code.lstrip()
        tree = parsed(code)
    if tree is None:
        return ""
    imports = [
        node
        for node in tree.body
        if isinstance(node, ast.Import)
        or (isinstance(node, ast.ImportFrom) and (node.level or node.module != "__future__"))
    ]
    definitions: dict[str | None, ast.stmt] = {}
    for node in tree.body:
        if _is_definition(node, functions_return=functions_return):
            definitions.setdefault(_upstream_name(node), node)
    if entry_point:
        uses = {name: _identifiers(node) for name, node in definitions.items()}
        needed = _reachable(entry_point, uses)
        definitions = {name: node for name, node in definitions.items() if name in needed}
    return "\n".join(_slices(code, [*imports, *definitions.values()]))


def _is_definition(node: ast.stmt, *, functions_return: bool) -> bool:
    if isinstance(node, ast.Assign | ast.AnnAssign):
        return True
    if not isinstance(node, Definition) or node.decorator_list:
        return False
    if isinstance(node, ast.ClassDef) or not functions_return:
        return True
    return any(isinstance(child, ast.Return) for child in ast.walk(node))


def _upstream_name(node: ast.stmt) -> str | None:
    """Return the name that a definition goes by: its first identifier, looked for flatly.

    So ``a.b = c`` is called ``c``, and ``a, b = 1, 2`` has no name. At most one without
    a name is kept.
    """
    if isinstance(node, Definition):
        return node.name
    assert isinstance(node, ast.Assign | ast.AnnAssign)
    target = node.targets[0] if isinstance(node, ast.Assign) else node.target
    if isinstance(target, ast.Name) and target.col_offset == node.col_offset:
        return target.id  # at another column it stands in parentheses
    value = node.value
    chained = isinstance(node, ast.Assign) and len(node.targets) > 1
    if isinstance(value, ast.Name) and not chained and value.end_lineno == node.end_lineno:
        return value.id if value.end_col_offset == node.end_col_offset else None
    return None


def _identifiers(node: ast.AST) -> set[str]:
    """Return all identifiers inside ``node``: variables, attributes, arguments, keywords."""
    found: set[str] = set()
    for child in ast.walk(node):
        for field, value in ast.iter_fields(child):
            if field not in TEXT_FIELDS:
                texts = value if isinstance(value, list) else [value]
                for text in texts:
                    if isinstance(text, str):
                        found.update(text.split("."))
    return found


def _reachable(start: str, uses: Mapping[str | None, Iterable[str]]) -> set[str]:
    found, pending = {start}, [start]
    while pending:
        new = set(uses.get(pending.pop(), ())) - found
        found |= new
        pending.extend(new)
    return found


def _slices(code: str, nodes: Iterable[ast.stmt]) -> Iterator[str]:
    """Yield the source of top-level statements, with the comments that end a definition's body."""
    data = code.encode()
    starts = [0, *(match.end() for match in NEWLINE.finditer(data))]
    for node in nodes:
        assert node.end_lineno is not None
        assert node.end_col_offset is not None
        begin = starts[node.lineno - 1] + node.col_offset
        end = starts[node.end_lineno - 1] + node.end_col_offset
        if isinstance(node, Definition):
            if node.decorator_list:
                begin = starts[node.decorator_list[0].lineno - 1]
            end = _definition_end(data, starts, node, end)
        yield data[begin:end].decode()


def _definition_end(data: bytes, starts: list[int], node: Definition, end: int) -> int:
    """Return where a definition ends if comments at least as deep as its body belong to it."""
    rest = LINE_REST.match(data, end)
    end = rest.end() if rest else end
    first = node.body[0]
    margin_start = starts[first.lineno - 1]
    margin = data[margin_start : margin_start + first.col_offset]
    if margin.strip():
        return end  # the body stands on the line of its header
    for start in starts[node.end_lineno or 0 :]:
        comment = COMMENT_LINE.match(data, start)
        assert comment is not None
        if comment.end() < len(data) and data[comment.end() : comment.end() + 1] not in b"\r\n":
            return end  # code
        if comment.group() != comment.group(1):
            if len(comment.group(1).expandtabs()) < len(margin.expandtabs()):
                return end
            end = comment.end()
    return end


def _without_outer_lines(code: str, entry_point: str) -> str:
    lines = code.splitlines()
    cut = len(lines)
    for index in reversed(range(len(lines))):
        if lines[index].startswith(" "):
            break
        if entry_point in lines[index]:
            cut = index
    return code if cut == len(lines) else "\n".join(lines[:cut])
