"""Samples in one JSON document: the generations of a harness, or results that were judged once."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from codeeval.samples.document import Document
from codeeval.samples.errors import shown
from codeeval.samples.intake import Intake
from codeeval.samples.source import open_bytes
from codeeval.tasks.task import Sample

__all__ = ["read_generations", "read_predictions", "read_results"]


def read_generations(
    path: Path, intake: Intake, *, limit_start: int, max_value_bytes: int
) -> Iterator[Sample]:
    """Yield the samples of ``generations.json``: a list per problem, in the problems' order.

    The first list belongs to problem number ``limit_start``. In place of the list of lists there
    may be an object whose keys are the numbers or ids. A null in place of a list is a problem that
    is not generated yet: it has no samples. A null in a list is a sample without code.
    """
    order = intake.ids.order
    with open_bytes(path) as source:
        document = Document(path, source, max_characters=max_value_bytes)
        for position in _positions(document, intake, limit_start):
            if position is None:
                document.value()
                continue
            if document.peek() != "[":
                line, found = document.line, document.value()
                if found is None:
                    continue
                problem = f"expected a list of programs or null, found {shown(found)}"
                raise intake.error(problem, line=line)
            for _ in document.elements():
                line, text = document.line, document.value()
                where = f"problem {position}, sample"
                if text is not None and type(text) is not str:
                    raise intake.error(
                        f"expected a text or null, found {shown(text)}", line=line, field=where
                    )
                if position >= len(order):
                    problem = (
                        f"programs for problem number {position}, but the task has {len(order)} "
                        f"(read from number {limit_start} on); is it the right task?"
                    )
                    raise intake.error(problem, line=line)
                intake.notice("format", f"read as harness-generations ({order[limit_start]} first)")
                if intake.ids.is_left_out(order[position]):
                    intake.left_out(order[position])
                    continue
                yield intake.solution(order[position], text, line=line, extra={})
        document.end()


def _positions(document: Document, intake: Intake, limit_start: int) -> Iterator[int | None]:
    """Yield the number of each problem, before its programs; None if they are to be skipped."""
    if document.peek() == "[":
        for position, _ in enumerate(document.elements(), start=limit_start):
            yield position
        return
    numbers = {task_id: number for number, task_id in enumerate(intake.ids.order)}
    for key in document.members():
        if key.isascii() and key.isdigit() and len(key) < 10:
            yield int(key)
            continue
        task_id = intake.task_id(key, line=document.line, field="key")
        yield numbers[task_id] if task_id is not None else None


def read_predictions(path: Path, intake: Intake, *, max_value_bytes: int) -> Iterator[Sample]:
    """Yield the samples of an object whose keys are the prompts of problems (COFFE).

    Prompts that the task does not have are left out.
    """
    ids = {prompt: task_id for task_id, prompt in intake.ids.prompts.items()}
    with open_bytes(path) as source:
        document = Document(path, source, max_characters=max_value_bytes)
        for prompt in document.members():
            line, found = document.line, document.value()
            if not (isinstance(found, list) and found and isinstance(found[0], list)):
                problem = f"expected [[REPLY, ...], FLAG], found {shown(found)}"
                raise intake.error(problem, line=line, field=shown(prompt))
            task_id = ids.get(prompt)
            if task_id is None:
                intake.left_out(shown(prompt))
                continue
            for text in found[0]:
                if text is not None and type(text) is not str:
                    problem = f"expected a text or null, found {shown(text)}"
                    raise intake.error(problem, line=line, field=task_id)
                intake.notice("format", "read as coffe-predictions")
                yield intake.solution(task_id, text, line=line, extra={})
        document.end()


def read_results(path: Path, intake: Intake, *, max_value_bytes: int) -> Iterator[Sample]:
    """Yield the solutions in an ``eval_results.json`` of EvalPlus or BigCodeBench."""
    with open_bytes(path) as source:
        document = Document(path, source, max_characters=max_value_bytes)
        found = False
        for key in document.members():
            if key == "eval" and document.peek() == "{":
                found = True
                for raw_id in document.members():
                    yield from _problem_results(document, intake, raw_id)
            else:
                document.value()
        document.end()
    if not found:
        raise intake.error("no 'eval' object in these results")


def _problem_results(document: Document, intake: Intake, raw_id: str) -> Iterator[Sample]:
    """Yield the samples of one member of ``eval``."""
    where = f"eval.{raw_id}"
    if document.peek() != "[":
        line, found = document.line, document.value()
        problem = f"expected a list of results, found {shown(found)}"
        if isinstance(found, dict) and "nfiles" in found:
            problem += "; EvalPlus before 0.2.1 did not keep the solutions"
        raise intake.error(problem, line=line, field=where)
    for _ in document.elements():
        line, record = document.line, document.value()
        if type(record) is not dict:
            raise intake.error(f"expected an object, found {shown(record)}", line=line, field=where)
        if "solution" not in record:
            problem = f"no 'solution' in {shown(record)}"
            raise intake.error(problem, line=line, field=where)
        text = record.pop("solution")
        if type(text) is not str and text is not None:
            problem = f"expected a text, found {shown(text)}"
            raise intake.error(problem, line=line, field=f"{where}.solution")
        record.pop("task_id", None)
        task_id = intake.task_id(raw_id, line=line, field="eval")
        if task_id is not None:
            intake.notice("format", "read as results (the solutions of eval, to be judged again)")
            yield intake.solution(task_id, text, line=line, extra=record)
