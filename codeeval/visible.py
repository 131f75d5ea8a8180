"""Text from strangers, made safe to look at: what a terminal or a page would obey is spelt out."""

from __future__ import annotations

import re
import unicodedata

__all__ = ["clip", "visible"]

_UNPRINTABLE = frozenset({"Cc", "Cf", "Cs", "Cn", "Co", "Zl", "Zp"})
_NAMES = {"\0": "NUL", "\a": "BEL", "\b": "BS", "\r": "CR", "\x1b": "ESC", "\x7f": "DEL"}
_PLAIN = re.compile(r"[\n\t\x20-\x7e]*")


def visible(text: str) -> str:
    """Return ``text`` with every invisible character except newline and tab spelt out.

    Control characters, direction marks, zero-width characters, lone surrogates and unassigned code
    points become ``⟨ESC⟩`` or ``⟨U+202E⟩``. What comes out can be encoded, moves no cursor and
    turns no text around.
    """
    if _PLAIN.fullmatch(text):
        return text
    return "".join(map(_visible, text.replace("\r\n", "\n")))


def clip(text: str, size: int) -> str:
    """Return ``text``, or its first ``size`` characters and how many were left out."""
    if len(text) <= size:
        return text
    return f"{text[:size]}\n… {len(text) - size:,} more characters"


def _visible(character: str) -> str:
    if character in "\n\t" or unicodedata.category(character) not in _UNPRINTABLE:
        return character
    return f"⟨{_NAMES.get(character) or f'U+{ord(character):04X}'}⟩"
