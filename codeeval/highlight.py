"""Python source as HTML with its words marked: good enough to read, no parser to break."""

from __future__ import annotations

import keyword
import re
from html import escape

__all__ = ["highlight"]

_TOKEN = re.compile(
    r"(?P<comment>#[^\n]*)"
    r'|(?P<string>\b[bfruBFRU]{0,2}"""[\s\S]*?(?:"""|\Z)|"""[\s\S]*?(?:"""|\Z)'
    r"|'''[\s\S]*?(?:'''|\Z)"
    r'|"(?:\\.|[^"\\\n])*"?'
    r"|'(?:\\.|[^'\\\n])*'?)"
    r"|(?<=\bdef )(?P<name>\w+)|(?<=\bclass )(?P<kind>\w+)"
    rf"|\b(?P<keyword>{'|'.join(keyword.kwlist)})\b"
    r"|\b(?P<number>\d[\w.]*)"
)
_TAGS = {"comment": "i", "string": "q", "name": "b", "kind": "b", "keyword": "u", "number": "s"}


def highlight(source: str) -> str:
    """Return ``source`` escaped, each token in one of the tags that the style sheet knows."""
    parts, end = [], 0
    for match in _TOKEN.finditer(source):
        tag = _TAGS[match.lastgroup or ""]
        parts.append(escape(source[end : match.start()], quote=False))
        parts.append(f"<{tag}>{escape(match.group(), quote=False)}</{tag}>")
        end = match.end()
    parts.append(escape(source[end:], quote=False))
    return "".join(parts)
