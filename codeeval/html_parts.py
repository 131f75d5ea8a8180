"""Small pieces of an HTML page. Whatever comes from outside goes through :func:`text`."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime
from html import escape

from codeeval.visible import clip, visible

__all__ = ["decimal", "human_bytes", "moment", "one_line", "table_head", "text", "value", "words"]

LONGEST = 4000
"""How many characters of a value are shown."""


def text(content: object) -> str:
    """Return ``content`` escaped, for text and quoted attributes; invisible characters shown."""
    return escape(visible(str(content)))


def words(name: str) -> str:
    """Return a key as words: ``wrong answer``."""
    return text(name.replace("_", " "))


def one_line(content: object) -> str:
    """Return a JSON value in one line, cut if it is long."""
    if isinstance(content, Mapping):
        content = ", ".join(f"{key} {item}" for key, item in content.items())
    elif isinstance(content, list | tuple):
        content = ", ".join(map(str, content))
    line = str(content)
    return text(line if len(line) <= 200 else line[:200] + "…")


def human_bytes(count: float) -> str:
    """Return a size in the largest unit that leaves at least 1: ``4 GiB``."""
    units = ("bytes", "KiB", "MiB", "GiB")
    power = next(power for power in range(4) if count < 1024 ** (power + 1) or power == 3)
    return f"{count / 1024**power:.4g} {units[power]}"


def decimal(number: float | None) -> str:
    """Return six decimals, or a dash for None."""
    return "–" if number is None else f"{number:.6f}"


def moment(content: object) -> str:
    """Return an ISO time as a person writes it, or the content itself if it is none."""
    try:
        time = datetime.fromisoformat(str(content))
    except ValueError:
        return text(content)
    return text(f"{time.day} {time:%B %Y, %H:%M} {time.tzname() or ''}".rstrip())


def table_head(*names: str, right: Collection[int]) -> str:
    """Return the head of a table; the columns at the positions ``right`` hold numbers."""
    cells = "".join(
        f'<th scope="col"{" class=r" if number in right else ""}>{name}</th>'
        if name
        else "<td></td>"
        for number, name in enumerate(names)
    )
    return f"<thead><tr>{cells}</tr></thead>"


def value(content: object, key: str = "") -> str:
    """Return any JSON value as HTML: a mapping as a table, a list as lines.

    Args:
        content: The value.
        key: Its name, which may say its unit (``memory_bytes``) or that it is to be read exactly.
    """
    if isinstance(content, Mapping):
        lines = "".join(
            f'<tr><th scope="row">{words(str(name))}</th><td>{value(item, str(name))}</td></tr>'
            for name, item in content.items()
        )
        return f"<table><tbody>{lines}</tbody></table>" if lines else "none"
    if isinstance(content, list | tuple):
        if key == "command":
            return value(" ".join(map(str, content)), key)
        return "<br>".join(value(item, key) for item in content) or "none"
    if content is None or content == "":
        return "–"
    if isinstance(content, bool):
        return "yes" if content else "no"
    if isinstance(content, int) and key.endswith("_bytes"):
        return f"{human_bytes(content)} ({content:,} bytes)"
    shown = text(clip(str(content), LONGEST))
    exact = (
        key in ("command", "image", "samples", "samples_file") or "digest" in key or "sha256" in key
    )
    return f"<code>{shown}</code>" if exact else shown
