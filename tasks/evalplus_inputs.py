"""MBPP+ inputs: JSON holds neither tuples nor sets nor complex numbers, the functions want them.

`from_json` makes the arguments of a call of what a data file holds; `to_json` goes back, as far as
result files do.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

__all__ = ["CONVERSIONS", "from_json", "to_json"]

Arguments = tuple[Any, ...]


def _tuples(args: list[Any]) -> Arguments:
    return tuple(tuple(arg) for arg in args)


def _items(args: list[Any]) -> Arguments:
    return tuple([tuple(item) for item in arg] for arg in args)


def _items_and_tuples(args: list[Any]) -> Arguments:
    return tuple(tuple(tuple(item) for item in arg) for arg in args)


def _items_of_first(args: list[Any]) -> Arguments:
    first, second = args
    return [tuple(item) for item in first], second


def _first(args: list[Any]) -> Arguments:
    first, *rest = args
    return tuple(first), *rest


def _second(args: list[Any]) -> Arguments:
    first, second = args
    return first, tuple(second)


def _lists_in_first(args: list[Any]) -> Arguments:
    (first,) = args
    return (tuple(tuple(item) if isinstance(item, list) else item for item in first),)


def _dict_values(args: list[Any]) -> Arguments:
    first, *rest = args
    return {key: tuple(value) for key, value in first.items()}, *rest


def _every_list(args: list[Any]) -> Arguments:
    return tuple(_every_list(item) if isinstance(item, list) else item for item in args)


def _sets_or_dicts(args: list[Any]) -> Arguments:
    (first,) = args
    return ([set(item) if isinstance(item, list) and item else {} for item in first],)


def _float_and_complex(args: list[Any]) -> Arguments:
    first, second = args
    return float(first), complex(second)


def _complex(args: list[Any]) -> Arguments:
    (first,) = args
    return (complex(first),)


_NUMBERS: dict[Callable[[list[Any]], Arguments], str] = {
    _tuples: "2 116 132 143 222 261 273 394 399 421 424 429 470 560 579 596 616 630 726 740 744 "
    "809",
    _items: "63 64 70 94 120 237 272 299 400 409 417 438 473 614 780",
    _items_of_first: "75 413 444 753",
    _second: "106 750",
    _first: "250 307 405 446 617 720 763 808",
    _items_and_tuples: "259 401 445",
    _lists_in_first: "278",
    _dict_values: "722",
    _every_list: "580 615 791",
    _sets_or_dicts: "115",
    _float_and_complex: "124",
    _complex: "252",
}

CONVERSIONS: dict[int, Callable[[list[Any]], Arguments]] = {
    int(number): convert for convert, numbers in _NUMBERS.items() for number in numbers.split()
}
"""How the arguments of a problem are made, by its number; the others take them as they are."""


def from_json(number: int, args: list[Any]) -> Arguments:
    """Return the arguments of one call of MBPP+ problem ``number``.

    Raises:
        TypeError, ValueError: If they are not what the problem takes.
    """
    return CONVERSIONS.get(number, tuple)(args)


def to_json(number: int, args: Arguments) -> list[Any]:
    """Return the arguments as EvalPlus writes them to result files; JSON makes tuples lists."""
    if number == 115:
        return [[list(item) if isinstance(item, set) else item for item in args[0]]]
    if number in (124, 252):
        return [str(arg) for arg in args]
    return list(args)
