"""The languages that problems can be translated to."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from codeeval.tasks.translate.ada import Ada
from codeeval.tasks.translate.bash import Bash
from codeeval.tasks.translate.c import C
from codeeval.tasks.translate.cpp import Cpp
from codeeval.tasks.translate.csharp import CSharp
from codeeval.tasks.translate.d import D
from codeeval.tasks.translate.go import Go
from codeeval.tasks.translate.haskell import Haskell
from codeeval.tasks.translate.java import Java
from codeeval.tasks.translate.javascript import JavaScript, TypeScript
from codeeval.tasks.translate.julia import Julia
from codeeval.tasks.translate.lua import Lua
from codeeval.tasks.translate.ocaml import OCaml
from codeeval.tasks.translate.octave import Octave
from codeeval.tasks.translate.perl import Perl
from codeeval.tasks.translate.php import PHP
from codeeval.tasks.translate.python import Python
from codeeval.tasks.translate.r import R
from codeeval.tasks.translate.racket import Racket
from codeeval.tasks.translate.ruby import Ruby
from codeeval.tasks.translate.rust import Rust
from codeeval.tasks.translate.scala import Scala
from codeeval.tasks.translate.swift import Swift
from codeeval.tasks.translate.translator import Translator

__all__ = ["TRANSLATORS"]

TRANSLATORS: Mapping[str, type[Translator[Any]]] = {
    "ada": Ada,
    "bash": Bash,
    "c": C,
    "cpp": Cpp,
    "csharp": CSharp,
    "d": D,
    "go": Go,
    "haskell": Haskell,
    "java": Java,
    "javascript": JavaScript,
    "julia": Julia,
    "lua": Lua,
    "ocaml": OCaml,
    "octave": Octave,
    "perl": Perl,
    "php": PHP,
    "python": Python,
    "r": R,
    "racket": Racket,
    "ruby": Ruby,
    "rust": Rust,
    "scala": Scala,
    "swift": Swift,
    "typescript": TypeScript,
}
"""By the names that programs have for their languages."""
