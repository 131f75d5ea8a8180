"""The dialects, and their languages."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from codeeval.tasks.translate.fixed.bash import FixedBash
from codeeval.tasks.translate.fixed.cpp import FixedCpp
from codeeval.tasks.translate.fixed.csharp import FixedCSharp
from codeeval.tasks.translate.fixed.d import FixedD
from codeeval.tasks.translate.fixed.go import FixedGo
from codeeval.tasks.translate.fixed.java import FixedJava
from codeeval.tasks.translate.fixed.javascript import FixedJavaScript, FixedTypeScript
from codeeval.tasks.translate.fixed.julia import FixedJulia
from codeeval.tasks.translate.fixed.perl import FixedPerl
from codeeval.tasks.translate.fixed.php import FixedPHP
from codeeval.tasks.translate.fixed.rust import FixedRust
from codeeval.tasks.translate.fixed.scala import FixedScala
from codeeval.tasks.translate.fixed.scripts import (
    FixedLua,
    FixedPython,
    FixedR,
    FixedRacket,
    FixedRuby,
)
from codeeval.tasks.translate.fixed.swift import FixedSwift
from codeeval.tasks.translate.languages import TRANSLATORS
from codeeval.tasks.translate.translator import Translator

__all__ = ["DIALECTS", "FIXED"]

FIXED: Mapping[str, type[Translator[Any]]] = {
    "bash": FixedBash,
    "cpp": FixedCpp,
    "csharp": FixedCSharp,
    "d": FixedD,
    "go": FixedGo,
    "java": FixedJava,
    "javascript": FixedJavaScript,
    "julia": FixedJulia,
    "lua": FixedLua,
    "perl": FixedPerl,
    "php": FixedPHP,
    "python": FixedPython,
    "r": FixedR,
    "racket": FixedRacket,
    "ruby": FixedRuby,
    "rust": FixedRust,
    "scala": FixedScala,
    "swift": FixedSwift,
    "typescript": FixedTypeScript,
}
"""By the names that programs have for their languages."""
DIALECTS: Mapping[str, Mapping[str, type[Translator[Any]]]] = {
    "published": TRANSLATORS,
    "fixed": FIXED,
}
