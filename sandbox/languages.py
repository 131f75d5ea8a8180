"""The languages of programs, and how a program is made of source in each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

__all__ = ["LANGUAGES", "Language", "build_of"]


@dataclass(frozen=True)
class Language:
    """A language.

    Attributes:
        title: What people call it.
        image: The image that has what it needs; a key of ``image.IMAGES``.
        source: The name of the file that is compiled.
        compiler: The command that makes ``program`` of it; empty where the source is run as it is.
        package: What is to be installed on Debian for the command to be there.
    """

    title: str
    image: str = "python"
    source: str = ""
    compiler: tuple[str, ...] = ()
    package: str = ""


LANGUAGES: Mapping[str, Language] = {
    "python": Language("Python"),
    "cpp": Language(
        title="C++",
        image="cpp",
        source="program.cpp",
        compiler=("g++", "-std=c++17", "program.cpp", "-o", "program"),
        package="g++",
    ),
}
"""By the names that programs and problems have for them."""


def build_of(language: str, flags: tuple[str, ...]) -> dict[str, Any] | None:
    """Return what the runner has to know to compile a program; None if there is nothing to do.

    Raises:
        ValueError: If there is no such language, or one without a compiler is given flags.
    """
    known = LANGUAGES.get(language)
    if known is None:
        raise ValueError(f"no language {language!r}; known: {', '.join(LANGUAGES)}")
    if known.compiler:
        return {"command": [*known.compiler, *flags], "source": known.source}
    if flags:
        raise ValueError(f"{known.title} is not compiled and takes no flags: {' '.join(flags)}")
    return None
