"""What runs beside a LeetCode solution in the sandbox; its text stands above each program.

Nodes of lists, trees and graphs cross from the solution's process to the one that compares as
tables, by what they hold, whatever classes they are of.
"""

from __future__ import annotations

import copy
import marshal
import sys
import types
from collections import deque
from collections.abc import Iterator
from typing import Any


class ListNode:
    """A node of a linked list."""

    def __init__(self, val: Any = 0, next: Any = None) -> None:
        self.val = val
        self.next = next


class TreeNode:
    """A node of a binary tree."""

    def __init__(self, val: Any = 0, left: Any = None, right: Any = None, next: Any = None) -> None:
        self.val = val
        self.left = left
        self.right = right
        self.next = next


class Node:
    """A node of a graph."""

    def __init__(self, val: Any = 0, neighbors: Any = None) -> None:
        self.val = val
        self.neighbors = neighbors if neighbors is not None else []


class _Unknown:
    """Stands for an answer where it may not be known: whatever is done with it gives itself."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return self

    def _itself(self, *_: Any, **__: Any) -> Any:
        return self

    __call__ = __getitem__ = __add__ = __radd__ = __sub__ = __mul__ = __neg__ = _itself

    __truediv__ = __floordiv__ = __mod__ = __rsub__ = __rmul__ = _itself

    def _never(self, other: object) -> bool:
        return False

    __lt__ = __le__ = __gt__ = __ge__ = _never

    def __setitem__(self, key: Any, value: Any) -> None:
        pass

    def __iter__(self) -> Iterator[Any]:
        return iter(())

    def __len__(self) -> int:
        return 0

    def __int__(self) -> int:
        return 0

    __index__ = __int__

    def __float__(self) -> float:
        return 0.0


_PLAIN = frozenset([int, float, str, bool, type(None)])
_LINKS = ("val", "next", "left", "right", "random", "neighbors", "children")
_loads, _dumps, _deepcopy = marshal.loads, marshal.dumps, copy.deepcopy


def _kept(value: Any) -> Any:
    """Return a copy, as what a solution returned may change with its next call."""
    return _loads(_dumps(value, 2)) if _is_plain(value) else _deepcopy(value)


def _is_plain(value: Any) -> bool:
    """Whether a value is of the types that are copied quickly, all through."""
    waiting = [value]
    while waiting:
        item = waiting.pop()
        kind = type(item)
        if kind in (list, tuple):
            if not _PLAIN.issuperset(map(type, item)):
                waiting += item
        elif kind not in _PLAIN:
            return False
    return True


def _coded(value: Any) -> Any:
    """Return plain data that `_revived` makes a value of, with nodes in it."""
    table: list[Any] = []
    places: dict[int, int] = {}

    def code(item: Any) -> tuple[str, Any]:
        if isinstance(item, (int, float, str, type(None))):
            return "plain", item
        if isinstance(item, dict):
            return "dict", [(code(key), code(each)) for key, each in item.items()]
        if isinstance(item, (list, tuple)):
            return "list" if isinstance(item, list) else "tuple", list(map(code, item))
        if not hasattr(item, "val"):
            return "plain", item
        if id(item) not in places:
            places[id(item)] = len(table)
            table.append(item)
        return "node", places[id(item)]

    root = code(value)
    fields = [
        [(name, code(linked)) for name, linked in vars(item).items() if name in _LINKS]
        for item in table
    ]
    return root, fields


def _revived(coded: Any) -> Any:
    """Return the value that `_coded` made plain; its nodes are of one class."""
    root, fields = coded
    nodes = [types.SimpleNamespace() for _ in fields]

    def value(item: Any) -> Any:
        kind, content = item
        if kind == "node":
            return nodes[content]
        if kind == "dict":
            return {value(key): value(each) for key, each in content}
        if kind in ("list", "tuple"):
            found = list(map(value, content))
            return found if kind == "list" else tuple(found)
        return content

    for node, each in zip(nodes, fields, strict=True):
        for name, linked in each:
            if name in _LINKS:
                setattr(node, name, value(linked))
    return value(root)


def linked_list(values: Any) -> Any:
    """Return the first node of a list of values."""
    if isinstance(values, _Unknown):
        return values
    first = None
    for each in reversed(values or ()):
        first = ListNode(each, first)
    return first


def linked_list_values(node: Any) -> Any:
    """Return the values of a linked list."""
    values = []
    while node is not None and not isinstance(node, _Unknown):
        values.append(node.val)
        node = node.next
    return values


def binary_tree(values: Any) -> Any:
    """Return the root of a tree, given level by level; None where there is no node."""
    if isinstance(values, _Unknown):
        return values
    if not values or values[0] is None:
        return None
    rest = iter(values)
    root = TreeNode(next(rest))
    waiting = deque([root])
    while waiting:
        node = waiting.popleft()
        for side in ("left", "right"):
            each = next(rest, None)
            if each is not None:
                child = TreeNode(each)
                setattr(node, side, child)
                waiting.append(child)
    return root


def binary_tree_values(root: Any) -> Any:
    """Return the values of a tree level by level; None where there is no node."""
    values: list[Any] = []
    waiting = deque([root])
    while waiting:
        node = waiting.popleft()
        if node is None or isinstance(node, _Unknown):
            values.append(None)
            continue
        values.append(node.val)
        waiting += [node.left, node.right]
    while values and values[-1] is None:
        values.pop()
    return values


def graph(neighbors: Any) -> Any:
    """Return node 1 of a graph: for each node, from 1 on, the numbers of those beside it."""
    if isinstance(neighbors, _Unknown):
        return neighbors
    nodes = [Node(number) for number in range(1, len(neighbors) + 1)]
    for node, beside in zip(nodes, neighbors, strict=True):
        node.neighbors = [nodes[number - 1] for number in beside]
    return nodes[0] if nodes else None


def graph_neighbors(node: Any) -> Any:
    """Return for each node that can be reached the numbers of those beside it."""
    found: dict[Any, Any] = {}
    waiting = [] if node is None or isinstance(node, _Unknown) else [node]
    while waiting:
        each = waiting.pop()
        if each.val not in found:
            found[each.val] = [other.val for other in each.neighbors]
            waiting += each.neighbors
    return found


_module = types.ModuleType("lctk")
"""What the data import from a module of this name."""
_module.__dict__.update(
    ListNode=ListNode,
    TreeNode=TreeNode,
    Node=Node,
    linkedList=linked_list,
    linkedList2Arr=linked_list_values,
    binaryTree=binary_tree,
    binaryTree2Arr=binary_tree_values,
    graph=graph,
    graph2Dict=graph_neighbors,
)
sys.modules["lctk"] = _module
