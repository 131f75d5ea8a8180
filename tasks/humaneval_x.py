"""HumanEval-X: 164 problems in six languages, to be solved or translated (Zheng et al. 2023)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, ClassVar

from codeeval.sandbox.program import END, Ending, Limits, Program
from codeeval.tasks.endings import before_margin
from codeeval.tasks.extract import block_with
from codeeval.tasks.file_task import PassTask
from codeeval.tasks.functions import bare, closed, depth_of, placed
from codeeval.tasks.pairs import asked, number_of, source_path
from codeeval.tasks.source import Hub, content_digest, field, locate, read_numbered
from codeeval.tasks.task import DataError, Problem, Sample, TaskOptionError
from codeeval.tasks.translate.languages import TRANSLATORS

__all__ = ["HumanEvalX"]

LIMITS = Limits(cpu_seconds=15.0, wall_seconds=30.0, memory_bytes=2 * 2**30)
LANGUAGES = {
    "cpp": ("cpp", "cpp", ("-lcrypto",)),
    "go": ("go", "go-test", ()),
    "java": ("java", "java", ()),
    "javascript": ("js", "javascript", ()),
    "python": ("python", "python", ()),
    "rust": ("rust", "rust-test", ()),
}
"""For each language what files call it, what it is run as, and further flags."""
IMPORTS = (
    *("import math", "import re", "import sys", "import copy", "import datetime"),
    *("import itertools", "import collections", "import heapq", "import functools"),
    *("import hashlib", "import numpy", "import numpy as np", "import string"),
    *("from typing import *", "from collections import *"),
)
HEADERS = (
    *("stdlib.h", "algorithm", "math.h", "stdio.h", "vector", "string", "climits", "cstring"),
    "iostream",
)
PACKAGES = (
    *("math", "strings", "fmt", "strconv", "time", "bytes", "regexp", "sort", "math/rand"),
    "crypto/md5",
)
CRATES = {"use rand::Rng;": "rand", "use regex::Regex;": "Regex", "use md5;": "md5"}


@dataclass(frozen=True)
class HumanEvalX(PassTask):
    """Problems in one of its languages.

    Attributes:
        data_file: JSONL with ``task_id``, ``prompt``, ``declaration``, ``canonical_solution`` and
            ``test``.
        language: Which language's file is taken if none is named, and what is run.
        source_language: The language from which solutions are to be translated; empty where
            problems are to be solved.
        source_file: The file with its solutions; found beside the other if None.
        limits: What a program may take.
    """

    language: str = "cpp"
    source_language: str = ""
    source_file: Path | None = None
    limits: Limits = LIMITS
    name: ClassVar[str] = "humaneval-x"
    version: ClassVar[str] = "1"
    rules: ClassVar[str] = "humaneval-x-1"

    def __post_init__(self) -> None:
        for found in filter(None, (self.language, self.source_language)):
            if found not in LANGUAGES:
                known = ", ".join(LANGUAGES)
                raise TaskOptionError(
                    f"{self.name}: language must be one of {known}, not {found!r}"
                )

    @cached_property
    def path(self) -> Path:
        """The file that holds the problems."""
        short = LANGUAGES[self.language][0]
        names = (f"humaneval_{short}.jsonl.gz", f"humaneval_{short}.jsonl")
        hub = Hub("THUDM/humaneval-x", short)
        return locate(names, task=self.name, data_file=self.data_file, hub=hub)

    @cached_property
    def digest(self) -> str:
        """The sha256 of the data, in hex; with those that are translated, if any are."""
        own = content_digest(self.path)
        return own if self._source_path is None else f"{own}+{content_digest(self._source_path)}"

    @cached_property
    def _source_path(self) -> Path | None:
        if not self.source_language:
            return None
        short = LANGUAGES[self.source_language][0]
        names = [f"humaneval_{short}.jsonl.gz", f"humaneval_{short}.jsonl"]
        return source_path(self.name, self.source_language, self.path, names, self.source_file)

    @cached_property
    def _sources(self) -> Mapping[str, str]:
        """By the numbers of problems, the programs that are to be translated."""
        if self._source_path is None:
            return {}
        found = {}
        for place, record in read_numbered(self._source_path):
            name, head, body = (
                field(record, key, str, place=place, form="a text")
                for key in ("task_id", "declaration", "canonical_solution")
            )
            found[number_of(name)] = f"{head}\n{body.rstrip()}"
        return found

    def _problem(self, record: dict[str, Any], place: str) -> Problem:
        name, prompt, head, body, test = (
            field(record, key, str, place=place, form="a text")
            for key in ("task_id", "prompt", "declaration", "canonical_solution", "test")
        )
        setup = field(record, "test_setup", str, place=place, form="a text", default="")
        begun = head if self.source_language or self.language == "rust" else prompt
        shown = prompt
        if self.source_language:
            source = self._sources.get(number_of(name))
            if source is None:
                raise DataError(f"{place}: there is no solution of {name} to be translated")
            shown = asked(self.source_language, source, self.language, head)
        return Problem(
            id=name,
            prompt=shown,
            reference=f"{begun}{body}",
            entry_point="",
            language=self.language,
            record={"begun": begun, "test": test, "setup": setup},
        )

    def source(self, problem: Problem, sample: Sample) -> str:
        """Return the whole program, with its tests.

        A completion goes on from the prompt, up to the end of its function. Of a solution the first
        block of code counts, which holds the whole function.
        """
        begun = problem.record["begun"]
        language = self.language
        if sample.completion is None:
            name = re.findall(r"(\w+)\s*(?:\(|=\s)", begun.rstrip().rpartition("\n")[2])
            solved = block_with(sample.text, name[0] if name else "") or sample.text
            is_whole = "".join(begun.split()) in "".join(solved.split())
            if language != "python" and name and not is_whole:
                whole_function = placed(begun, solved, name[0], language)
                depth = depth_of(begun, language)
                solved = (whole_function or solved) + "\n}" * (depth - 1 if whole_function else 0)
        elif language == "python":
            solved = begun + before_margin(sample.completion)
        else:
            solved = begun + closed(sample.completion, depth_of(begun, language), language)
        made = getattr(self, f"_in_{self.language}")
        whole: str = made(solved, problem.record["test"], problem.record["setup"])
        return whole

    def _in_python(self, solved: str, test: str, setup: str) -> str:
        imports = "\n".join(IMPORTS)
        return f"{imports}\n{solved}\n{test}\nprint('{END}')\n"

    def _in_cpp(self, solved: str, test: str, setup: str) -> str:
        headers = [f"#include<{each}>\n" for each in HEADERS]
        missing = "".join(each for each in headers if each.strip() not in solved)
        return f"{missing}{solved}\n" + before_last(test, 1, f'    printf("\\n%s\\n", "{END}");\n')

    def _in_java(self, solved: str, test: str, setup: str) -> str:
        line = f'        System.out.println("\\n{END}");\n'
        return f"{solved}\n{before_last(test, 2, line)}"

    def _in_javascript(self, solved: str, test: str, setup: str) -> str:
        return f"{solved}\n{test}\nconsole.log('{END}');\n"

    def _in_go(self, solved: str, test: str, setup: str) -> str:
        solved = re.sub(r"(?s)^\s*import \(.*?\)\n", "", solved)
        used = [
            f'import "{each}"\n'
            for each in PACKAGES
            if re.search(rf"\b{each.rpartition('/')[2]}\.", bare(solved, "go"))
            and f'"{each}"' not in setup
        ]
        said = f'\nfunc TestZ(t *testing.T) {{ codeevalfmt.Println("\\n{END}") }}\n'
        return f'{setup}\nimport codeevalfmt "fmt"\n{"".join(used)}{solved}\n{test}{said}'

    def _in_rust(self, solved: str, test: str, setup: str) -> str:
        for line, crate in CRATES.items():  # which are not there, and seldom used
            if not re.search(rf"\b{crate}\b", solved.replace(line, "") + test):
                solved = solved.replace(line, "")
        said = f'\n#[test]\nfn zz_end() {{ println!("\\n{END}"); }}\n'
        return f"fn main() {{}}\n{solved}\n{test}{said}"

    def program(self, problem: Problem, sample: Sample) -> Program:
        """Run a sample with the tests of a problem."""
        _, run_as, flags = LANGUAGES[self.language]
        fails = r"\S" if self.language == "javascript" else ""
        after = {"go": "PASS", "rust": r"ok\s+test result: ok\. .*"}.get(self.language, "")
        check = Ending(wrong=wrong_in(self.language), fails=fails, after=after)
        text = self.source(problem, sample)
        used = flags if "openssl" in text else ()
        return Program(text, (check,), self.limits, run_as, used)


def wrong_in(language: str) -> str:
    """Return a regular expression of what tests say that fail."""
    more = {"go": r"|Error Trace:|--- FAIL", "java": r"|AssertionError"}
    return TRANSLATORS[language].wrong + more.get(language, "")


def before_last(text: str, braces: int, line: str) -> str:
    """Return a text with a line before the last of some braces that close it."""
    place = len(text)
    for _ in range(braces):
        place = text.rindex("}", 0, place)
    return f"{text[:place]}{line}{text[place:]}"
