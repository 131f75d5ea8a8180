"""MBXP and multilingual HumanEval: problems in many languages (Athiwaratkun et al. 2023).

A program is prompt, completion and test, one after the other. It passes if it ends well after its
last test.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, ClassVar

from codeeval.sandbox.program import END, Ending, Limits, Program
from codeeval.tasks.endings import before_margin, is_python
from codeeval.tasks.extract import block_with
from codeeval.tasks.file_task import PassTask
from codeeval.tasks.functions import closed, depth_of, placed
from codeeval.tasks.humaneval_x import before_last
from codeeval.tasks.pairs import asked, number_of, source_path
from codeeval.tasks.source import Hub, content_digest, field, locate, read_numbered
from codeeval.tasks.task import DataError, Problem, Sample, TaskOptionError
from codeeval.tasks.translate.translator import inserted

__all__ = ["Mbxp", "MultilingualHumanEval"]

LIMITS = Limits(cpu_seconds=15.0, wall_seconds=30.0, memory_bytes=2 * 2**30)
FILES = {
    "cpp": "mbcpp_release_v1.2",
    "csharp": "mbcsp_release_v1.2",
    "go": "mbgp_release_v1.1",
    "java": "mbjp_release_v1.2",
    "javascript": "mbjsp_release_v1.2",
    "perl": "mbplp_release_v1",
    "php": "mbphp_release_v1.2",
    "python": "mbpp_release_v1",
    "ruby": "mbrbp_release_v1.2",
    "scala": "mbscp_release_v1",
    "typescript": "mbtsp_release_v1.2",
}
HUMANEVAL_FILES = {
    "csharp": "HumanEval_csharp_v1",
    "go": "HumanEval_go_v1",
    "java": "HumanEval_java_v1.1",
    "javascript": "HumanEval_javascript_v1.1",
    "perl": "HumanEval_perl_v1.1",
    "php": "HumanEval_php_v1.1",
    "python": "HumanEval",
    "ruby": "HumanEval_ruby_v1.1",
    "scala": "HumanEval_scala_v1.1",
    "typescript": "HumanEval_typescript_v1",
}
RUN_AS = {"typescript": "typescript-untyped"}
WRONG = (
    r"[Ee]rror at (?:\d+th|test case)|test case \d+ (?:did not pass|failed to pass)|AssertionError"
)
ENTRY = "\0entry point\0"
COMPARE = """
namespace KellermanSoftware.CompareNetObjects
{
    public class ComparisonResult { public bool AreEqual; }

    public class CompareLogic
    {
        public ComparisonResult Compare(object one, object other)
        {
            return new ComparisonResult { AreEqual = Same(one, other) };
        }

        static bool Same(object one, object other)
        {
            if (one == null || other == null) return one == null && other == null;
            if (one is string || !(one is System.Collections.IEnumerable)) return one.Equals(other);
            if (one.GetType() != other.GetType()) return false;
            var pairs = one as System.Collections.IDictionary;
            if (pairs != null)
            {
                var others = (System.Collections.IDictionary)other;
                if (pairs.Count != others.Count) return false;
                foreach (var key in pairs.Keys)
                    if (!others.Contains(key) || !Same(pairs[key], others[key])) return false;
                return true;
            }
            var left = ((System.Collections.IEnumerable)one).GetEnumerator();
            var right = ((System.Collections.IEnumerable)other).GetEnumerator();
            while (left.MoveNext())
                if (!right.MoveNext() || !Same(left.Current, right.Current)) return false;
            return !right.MoveNext();
        }
    }
}
"""
"""What the tests in C# use of a library that Debian does not have, in our own words."""
ENDS: Mapping[str, Callable[[str], str]] = {
    "cpp": lambda test: inserted(
        test, "    return 0;\n}", f'    cout << endl << "{END}" << endl;\n'
    ),
    "csharp": lambda test: (
        before_last(test, 3, f'            Console.WriteLine("\\n{END}");\n') + COMPARE
    ),
    "go": lambda test: before_last(test, 1, f'\tcodeevalfmt.Println("\\n{END}")\n'),
    "java": lambda test: before_last(test, 2, f'        System.out.println("\\n{END}");\n'),
    "javascript": lambda test: f"{test}\nconsole.log('{END}');\n",
    "perl": lambda test: f'{test}\nprint "\\n{END}\\n";\n',
    "php": lambda test: f'{test}\necho "\\n{END}\\n";\n',
    "python": lambda test: f"\n{test}\ncheck({ENTRY})\nprint('{END}')\n",
    "ruby": lambda test: f"{test}\nputs '', '{END}'\n",
    "scala": lambda test: before_last(test, 1, f'    println("\\n{END}")\n'),
    "typescript": lambda test: f"{test}\nconsole.log('{END}');\n",
}
INDENTED = ("python",)
WORDED = ("ruby",)
"""Languages whose functions do not end with a brace."""


@dataclass(frozen=True)
class Mbxp(PassTask):
    """MBPP's problems in one of eleven languages.

    Attributes:
        data_file: JSONL with ``task_id``, ``prompt``, ``test``, ``language`` and ``entry_point``.
        language: Which language's file is taken if none is named.
        source_language: The language from which solutions are to be translated; empty where
            problems are to be solved. Problems without a solution in it are left out.
        source_file: The file with its solutions; found beside the other if None.
        limits: What a program may take.
    """

    language: str = "java"
    source_language: str = ""
    source_file: Path | None = None
    limits: Limits = LIMITS
    name: ClassVar[str] = "mbxp"
    version: ClassVar[str] = "1"
    rules: ClassVar[str] = "mbxp-1"
    files: ClassVar[Mapping[str, str]] = FILES
    hub_id: ClassVar[str] = "mxeval/mbxp"

    def __post_init__(self) -> None:
        for found in filter(None, (self.language, self.source_language)):
            if found not in self.files:
                known = ", ".join(self.files)
                raise TaskOptionError(
                    f"{self.name}: language must be one of {known}, not {found!r}"
                )

    @cached_property
    def path(self) -> Path:
        """The file that holds the problems."""
        stem = self.files[self.language]
        return locate(
            (f"{stem}.jsonl.gz", f"{stem}.jsonl"),
            task=self.name,
            data_file=self.data_file,
            hub=Hub(self.hub_id, self.language),
        )

    @cached_property
    def digest(self) -> str:
        """The sha256 of the data, in hex; with those that are translated, if any are."""
        own = content_digest(self.path)
        return own if self._source_path is None else f"{own}+{content_digest(self._source_path)}"

    @cached_property
    def _source_path(self) -> Path | None:
        if not self.source_language:
            return None
        stem = self.files[self.source_language]
        names = (f"{stem}.jsonl.gz", f"{stem}.jsonl")
        return source_path(self.name, self.source_language, self.path, names, self.source_file)

    @cached_property
    def _sources(self) -> Mapping[str, str]:
        """By the numbers of problems, the programs that are to be translated."""
        if self._source_path is None:
            return {}
        records = (record for _, record in read_numbered(self._source_path))
        return {
            number_of(record["task_id"]): record["prompt"] + record["canonical_solution"]
            for record in records
            if record.get("canonical_solution")
        }

    def _problem(self, record: dict[str, Any], place: str) -> Problem | None:
        name, prompt, test, language, entry_point = (
            field(record, key, str, place=place, form="a text")
            for key in ("task_id", "prompt", "test", "language", "entry_point")
        )
        if language not in ENDS:
            known = ", ".join(ENDS)
            raise DataError(f"{place}: field 'language' must be one of {known}, not {language!r}")
        body = record.get("canonical_solution") or ""
        try:
            ended = ENDS[language](test).replace(ENTRY, entry_point)
        except ValueError as error:
            raise DataError(f"{place}: field 'test' has no end: {error}") from error
        shown = prompt
        if self.source_language:
            source = self._sources.get(number_of(name))
            if source is None:
                return None
            shown = asked(self.source_language, source, language, prompt)
        return Problem(
            id=name,
            prompt=shown,
            reference=f"{prompt}{body}" if body else "",
            entry_point=entry_point,
            language=language,
            record={"test": ended, "begun": prompt},
        )

    def source(self, problem: Problem, sample: Sample) -> str:
        """Return prompt, answer and test.

        Of a completion what is after the end of the function is left out where that can be told,
        in Python where the whole is none. Of a solution the first block of code counts.
        """
        prompt, language = problem.record["begun"], problem.language
        if sample.completion is None:
            block = block_with(sample.text, problem.entry_point) or sample.text
            begun = block
            is_whole = "".join(prompt.split()) in "".join(block.split())
            if language not in (*INDENTED, *WORDED) and not is_whole:
                whole = placed(prompt, block, problem.entry_point, language)
                left = inner_depth(prompt, language) - 1
                begun = block if whole is None else whole + "\n}" * left
        elif language in INDENTED:
            begun = prompt + sample.completion
            if not is_python(begun):
                begun = prompt + before_margin(sample.completion)
        elif language in WORDED:
            begun = prompt + sample.completion
        else:
            begun = prompt + closed(sample.completion, inner_depth(prompt, language), language)
        if language == "go":
            begun = begun.replace("package main\n", 'package main\n\nimport codeevalfmt "fmt"\n', 1)
        return f"{begun}\n{problem.record['test']}"

    def program(self, problem: Problem, sample: Sample) -> Program:
        """Run a sample with the tests of a problem."""
        language = problem.language
        return Program(
            self.source(problem, sample),
            (Ending(wrong=WRONG),),
            self.limits,
            RUN_AS.get(language, language),
        )


@dataclass(frozen=True)
class MultilingualHumanEval(Mbxp):
    """HumanEval's problems in one of ten languages."""

    name: ClassVar[str] = "multilingual-humaneval"
    rules: ClassVar[str] = "multilingual-humaneval-1"
    files: ClassVar[Mapping[str, str]] = HUMANEVAL_FILES
    hub_id: ClassVar[str] = "mxeval/multi-humaneval"


def inner_depth(prompt: str, language: str) -> int:
    """Return how many braces an answer is to close: those of the prompt that tests do not close."""
    kept = {"csharp": 2, "scala": 1}.get(language, 0)
    return max(1, depth_of(prompt, language) - kept)
