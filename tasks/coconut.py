"""CoCoNUT: which lines does a program execute, in order? (Beger and Dutta 2025).

A reply is text with a list of line numbers in it; nothing of it is run. Two scores stand side by
side: ``matched``, by the rules of the published tables, and ``exact``, which takes steps for what
they are.
"""

from __future__ import annotations

import csv
import io
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import ClassVar

from codeeval.sandbox.program import Limits, Program
from codeeval.sandbox.verdict import CheckResult, Status, Trace, Verdict
from codeeval.tasks.divergence import COLUMNS, divergence
from codeeval.tasks.file_task import FileTask
from codeeval.tasks.source import read_text
from codeeval.tasks.task import DataError, Problem, Sample
from codeeval.tasks.traces import (
    Step,
    answer_text,
    closeness,
    collapsed,
    concurrent_similarity,
    length_class,
    similarity,
    steps_in,
    steps_text,
)

__all__ = ["CoCoNut", "CoCoNutConcurrency", "CoCoNutOop", "CoCoNutRecursion"]

LENGTHS = (1, 3, 5, 10, 25, 40)
"""Where the benchmark's classes of length begin, in steps without repetitions."""
SHOWN_STEPS = 5000
"""Steps of which a result holds no more."""
PURPOSE = """You are to follow a program with your eyes and say which of its lines are executed, in
the order in which that happens. It is written in Python. The number of each line stands in a
comment at its end. A line counts each time that it is reached; the line with `def` does not count
when its function is called.
"""
ONE_CALL = """For example, in

def count(n): # 1
    total = 0 # 2
    for i in range(n): # 3
        total += i # 4
    return total # 5

the call count(2) executes [2, 3, 4, 3, 4, 3, 5].
"""
MAIN_BLOCK = """There is no input: start with the block at its end that is run as the main program.
For example,

def double(n): # 1
    return 2 * n # 2
# 3
if __name__ == "__main__": # 4
    a = double(1) # 5
    print(a) # 6

executes [5, 2, 6].
"""
BRACKETS = """Where parts of the program run at the same time, put a bare ( as an item into the list
where that begins, and a bare ) where it ends, or at the end of the list. Any order that can happen
is right.
"""
DIRECT = "Write a Python list with the numbers of the executed lines, and nothing else.\n"
STEP_BY_STEP = """Think step by step. End with a Python list of the numbers of the executed lines.
"""


@dataclass(frozen=True)
class _Traces(FileTask):
    """Programs with the lines that they execute.

    Attributes:
        data_file: The file with the traces, plain or gzip; found by itself if None.
        cot: Whether the prompt asks for thoughts before the answer.
        repetitions: Whether a line that follows itself in a trace is to be written each time; the
            published tables take such lines as one, in the trace and not in answers.
    """

    cot: bool = False
    repetitions: bool = False
    version: ClassVar[str] = "1"
    columns: ClassVar[tuple[str, ...]] = ("exact", "matched")
    cluster: ClassVar[str] = "group"
    values: ClassVar[Mapping[str, tuple[str, ...]]] = {
        "accuracy": ("Acc Hard", "Acc Mean"),
        "similarity": ("Sim", "False Sim", "False Sim if wrong"),
        "prefix": ("mean",),
        "lcs_f1": ("mean",),
        "edit": ("mean",),
        "answered": ("mean",),
        **dict.fromkeys(COLUMNS, ()),
    }
    needed: ClassVar[tuple[str, ...]]
    """Columns of the file; by the first of them rows belong together."""
    first_number: ClassVar[int] = 0
    concurrent: ClassVar[bool] = False

    @cached_property
    def _problems(self) -> tuple[Problem, ...]:
        csv.field_size_limit(sys.maxsize)
        reader = csv.DictReader(io.StringIO(read_text(self.path), newline=""))
        absent = [name for name in self.needed if name not in (reader.fieldnames or ())]
        if absent:
            raise DataError(f"{self.path}, line 1: no column {absent[0]!r}")
        problems: list[Problem] = []
        number, last = self.first_number, ""
        for row in reader:
            place = f"{self.path}, line {reader.line_num}"
            if any(not row[name] for name in self.needed if name != "FunctionCall"):
                raise DataError(f"{place}: fewer fields than columns, or an empty one")
            actual = steps_of(row["ExecutedLines"], self.repetitions)
            if not actual:
                found = row["ExecutedLines"][:80]
                raise DataError(
                    f"{place}: field 'ExecutedLines' must be a list of line numbers, not {found!r}"
                )
            group = row[self.needed[0]]
            number = number + 1 if group == last else self.first_number
            last = group
            problems.append(
                Problem(
                    id=f"{group}/{number}",
                    prompt=self._prompt(row),
                    reference=steps_text(actual) if len(actual) <= SHOWN_STEPS else "",
                    entry_point="",
                    metadata={"group": group, "length": length_class(len(actual), LENGTHS)},
                    record={"code": row["Code_Indices"], "steps": row["ExecutedLines"]},
                )
            )
        if not problems:
            raise DataError(f"{self.path}: no problems in it")
        if len({problem.id for problem in problems}) < len(problems):
            raise DataError(f"{self.path}: rows of one {self.needed[0]} must follow each other")
        return tuple(problems)

    def _prompt(self, row: Mapping[str, str]) -> str:
        raise NotImplementedError

    @property
    def _request(self) -> str:
        return STEP_BY_STEP if self.cot else DIRECT

    def source(self, problem: Problem, sample: Sample) -> str:
        """Return the list that is taken from a reply."""
        if sample.extra.get("parsed"):
            return sample.text
        return answer_text(sample.text, problem.record["code"])

    def program(self, problem: Problem, sample: Sample) -> Program:
        """Return a program that does nothing: see `answer`."""
        return Program("", (), Limits())

    def answer(self, problem: Problem, sample: Sample) -> Verdict:
        """Judge a reply without running anything: passed if its steps are the true ones."""
        predicted = self.source(problem, sample)
        steps, actual = steps_in(predicted), self._actual(problem)
        status, message = Status.PASSED, ""
        if steps is None or not predicted or predicted == "[]":
            status, message = Status.NO_CODE, "no list of line numbers in the reply"
        elif (found := closeness(collapsed(actual), collapsed(steps))).first_divergence:
            place = found.first_divergence
            sides = [
                f"line {each[place - 1]}" if place <= len(each) else "the end"
                for each in (collapsed(actual), collapsed(steps))
            ]
            status = Status.WRONG_ANSWER
            message = f"step {place:,}: {sides[0]} is executed, the answer says {sides[1]}"
        trace = Trace(problem.record["code"], steps_text(actual[:SHOWN_STEPS]), predicted)
        result = CheckResult("trace", status, message, sealed=True, trace=trace)
        return Verdict(status, (result,))

    def _actual(self, problem: Problem) -> list[Step]:
        return steps_of(problem.record["steps"], self.repetitions)

    def score(self, problem: Problem, verdict: Verdict) -> Mapping[str, float]:
        """Return how near an answer comes.

        Returns:
            ``exact``: 1 if the steps are the true ones, those that follow themselves taken as one
            on both sides. ``matched`` and ``accuracy``: 1 if the text of the list is that of the
            trace, as the benchmark has it. ``similarity``: see `traces.similarity`. ``prefix``,
            ``lcs_f1``, ``edit``: see `traces.Closeness`. ``answered``: whether there is a list.
            Those of `divergence`: 0 if there is none.
        """
        trace = verdict.results[0].trace
        predicted = trace.predicted if trace is not None else "[]"
        actual, steps = self._actual(problem), steps_in(predicted)
        text = steps_text(actual)
        measure = concurrent_similarity if self.concurrent else similarity
        near = measure(text, predicted)
        matched = near == 1 if self.concurrent else text == predicted
        found = closeness(collapsed(actual), collapsed(steps or ()))
        where: Mapping[str, float] = dict.fromkeys(COLUMNS, 0.0)
        if verdict.status is not Status.NO_CODE:
            code = problem.record["code"]
            where = divergence(code, collapsed(actual), found.first_divergence)
        return {
            "exact": float(found.exact),
            "matched": float(matched),
            "accuracy": float(matched),
            "similarity": near,
            "prefix": found.prefix,
            "lcs_f1": found.lcs_f1,
            "edit": found.edit,
            "answered": float(verdict.status is not Status.NO_CODE),
            **where,
        }


@dataclass(frozen=True)
class CoCoNut(_Traces):
    """1,083 calls of the functions of 161 HumanEval tasks."""

    name: ClassVar[str] = "coconut"
    rules: ClassVar[str] = "coconut-1"
    file_names: ClassVar[tuple[str, ...]] = ("humaneval_traces.csv", "humaneval_traces.csv.gz")
    needed: ClassVar[tuple[str, ...]] = (
        *("HumanEval_ID", "Name", "FunctionCall", "ExecutedLines", "Code_Indices"),
    )

    def _prompt(self, row: Mapping[str, str]) -> str:
        call = f"The function that is called: {row['Name']}\nIts arguments: {row['FunctionCall']}\n"
        return "\n".join(
            (PURPOSE, ONE_CALL, row["Code_Indices"].rstrip() + "\n", call, self._request)
        )


@dataclass(frozen=True)
class _MainBlocks(_Traces):
    """Programs that are run from their main block, five of each."""

    needed: ClassVar[tuple[str, ...]] = ("Filename", "ExecutedLines", "Code_Indices")
    first_number: ClassVar[int] = 1

    def _prompt(self, row: Mapping[str, str]) -> str:
        parts = [PURPOSE, MAIN_BLOCK, *[BRACKETS] * self.concurrent]
        return "\n".join((*parts, row["Code_Indices"].rstrip() + "\n", self._request))


@dataclass(frozen=True)
class CoCoNutOop(_MainBlocks):
    """200 programs with classes."""

    name: ClassVar[str] = "coconut-oop"
    rules: ClassVar[str] = "coconut-oop-1"
    file_names: ClassVar[tuple[str, ...]] = ("oop_traces.csv", "oop_traces.csv.gz")


@dataclass(frozen=True)
class CoCoNutRecursion(_MainBlocks):
    """330 programs with functions that call themselves."""

    name: ClassVar[str] = "coconut-recursion"
    rules: ClassVar[str] = "coconut-recursion-1"
    file_names: ClassVar[tuple[str, ...]] = ("recursion_traces.csv.gz", "recursion_traces.csv")


@dataclass(frozen=True)
class CoCoNutConcurrency(_MainBlocks):
    """100 programs with threads, each with one of the orders in which they can run."""

    name: ClassVar[str] = "coconut-concurrency"
    rules: ClassVar[str] = "coconut-concurrency-1"
    file_names: ClassVar[tuple[str, ...]] = ("concurrency_traces.csv", "concurrency_traces.csv.gz")
    concurrent: ClassVar[bool] = True


@lru_cache(maxsize=2)
def steps_of(text: str, repetitions: bool) -> list[Step]:
    """Return the steps of a trace in the data; the last ones are kept, as some are long."""
    steps = steps_in(text.replace("'", "")) or []
    return steps if repetitions else collapsed(steps)
