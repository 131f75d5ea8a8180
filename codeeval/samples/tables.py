"""Answers in tables: the result files of CoCoNUT, whose rows stand in the order of the problems."""

from __future__ import annotations

import csv
import io
import sys
from collections.abc import Iterator
from pathlib import Path

from codeeval.samples.errors import shown
from codeeval.samples.intake import Intake
from codeeval.samples.source import open_bytes
from codeeval.tasks.task import Sample

__all__ = ["is_results_table", "read_results_table"]

COLUMN = "Predicted"
GROUPS = ("HumanEval_ID", "Filename")
"""Columns that name what a problem's id begins with."""
FAILED = ("ERROR", "[ERROR]")
"""What stands for an answer that there is none of."""


def is_results_table(path: Path) -> bool:
    """Whether a file begins with a line of columns, with the answers among them."""
    with open_bytes(path) as source:
        columns = source.read(1000).split(b"\n")[0].decode("utf-8", "replace").strip().split(",")
    return COLUMN in columns


def read_results_table(path: Path, intake: Intake) -> Iterator[Sample]:
    """Yield the answers of a table, as they were taken from replies by somebody else.

    A row that failed is a sample without an answer.
    """
    csv.field_size_limit(sys.maxsize)
    order = intake.ids.order
    with open_bytes(path) as source:
        reader = csv.DictReader(
            io.TextIOWrapper(io.BytesIO(source.read()), "utf-8-sig", "replace", newline="")
        )
        columns = reader.fieldnames or ()
        group = next((name for name in GROUPS if name in columns), None)
        if COLUMN not in columns or group is None:
            problem = f"expected the columns {COLUMN} and {' or '.join(GROUPS)}"
            raise intake.error(problem, line=1)
        for number, row in enumerate(reader):
            line = reader.line_num
            if number >= len(order):
                problem = f"a row more than the task has problems, which are {len(order):,}"
                raise intake.error(problem, line=line)
            name, task_id = row[group], order[number]
            if name is None or task_id.rpartition("/")[0] != name:
                problem = f"expected {task_id.rpartition('/')[0]!r}, found {shown(name)}"
                raise intake.error(f"{problem}; rows stand in the task's order", line=line)
            intake.notice("format", f"read as coconut-results ({COLUMN})")
            text = row[COLUMN]
            answer = None if text is None or text.strip() in FAILED else text
            yield intake.solution(task_id, answer, line=line, extra={"parsed": True})
