"""Samples in logs of lm-evaluation-harness, outputs of the OpenAI batch API, answers of PIE."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from codeeval.samples.errors import SampleError, listed, shown
from codeeval.samples.intake import Intake
from codeeval.samples.source import records
from codeeval.tasks.task import Sample

__all__ = ["read_lm_eval", "read_openai_batch", "read_pie"]

_NO_FILTER = "none"
_MOST_FILTERS = 20  # of those remembered for messages; a log has two or three
# Copies of the problem and of the request: the task has them already.
_NOT_KEPT = ("doc", "target", "arguments")


def read_lm_eval(
    path: Path, intake: Intake, *, filter_name: str | None, max_line_bytes: int
) -> Iterator[Sample]:
    """Yield the filtered replies of one filter: ``filter_name``, or the first that is not ``none``.

    Without a filter, the reply to a problem that has an ``entry_point`` (HumanEval) continues its
    prompt; everything else is a whole program.
    """
    chosen = filter_name or _first_filter(path, max_line_bytes)
    others: dict[str, int] = {}
    for line, record in records(path, max_line_bytes=max_line_bytes):
        name = str(record.get("filter", _NO_FILTER))
        if name != chosen:
            if name in others or len(others) < _MOST_FILTERS:
                others[name] = others.get(name, 0) + 1
            continue
        document = record.get("doc")
        if type(document) is not dict or "task_id" not in document:
            problem = f"expected the problem with its task_id, found {shown(document)}"
            raise intake.error(problem, line=line, field="doc")
        texts = _replies(intake, record.pop("filtered_resps", None), line)
        task_id = intake.task_id(document["task_id"], line=line, field="doc.task_id")
        if task_id is None:
            continue
        continues = name == _NO_FILTER and "entry_point" in document
        how = "completion" if continues else "solution"
        intake.notice(
            "format", f"read as lm-eval (doc.task_id, {how} of filter {listed([chosen])})"
        )
        for key in _NOT_KEPT:
            record.pop(key, None)
        make = intake.completion if continues else intake.solution
        for text in texts:
            yield make(task_id, text, line=line, extra=record)
    if others:
        names = listed([f"{count} of {name}" for name, count in others.items()])
        if not intake.count and filter_name:
            raise intake.error(f"no line of filter {filter_name!r}; there are {names}")
        intake.notice("filters", f"lines of other filters skipped: {names}")


def _first_filter(path: Path, max_line_bytes: int) -> str:
    """Return the first filter in the log that is not ``none``, if there is one."""
    try:
        for _, record in records(path, max_line_bytes=max_line_bytes):
            name = str(record.get("filter", _NO_FILTER))
            if name != _NO_FILTER:
                return name
    except SampleError:
        pass  # the reading proper comes to the same line and tells, after the samples before it
    return _NO_FILTER


def _replies(intake: Intake, requests: object, line: int) -> list[str | None]:
    """Return the texts in ``filtered_resps``: for each request a text or a list of texts."""
    if type(requests) is not list:
        problem = f"expected a list, found {shown(requests)}"
        raise intake.error(problem, line=line, field="filtered_resps")
    texts: list[str | None] = []
    for request in requests:
        texts += request if type(request) is list else [request]
    for text in texts:
        if type(text) is not str and text is not None:
            problem = f"expected texts, found {shown(text)}"
            raise intake.error(problem, line=line, field="filtered_resps")
    return texts


def read_openai_batch(path: Path, intake: Intake, *, max_line_bytes: int) -> Iterator[Sample]:
    """Yield the replies of a batch, as they are; ``custom_id`` is ``TASK_ID`` or ``TASK_ID#INDEX``.

    A chat reply is read as a whole program, the text of the older completions endpoint as a
    completion. A refusal and a request that failed are samples without code; the ``extra`` of the
    latter holds an ``error``.
    """
    failed = 0
    for line, record in records(path, max_line_bytes=max_line_bytes):
        custom_id = record.get("custom_id")
        if type(custom_id) is not str:
            problem = f"expected TASK_ID or TASK_ID#INDEX, found {shown(custom_id)}"
            raise intake.error(problem, line=line, field="custom_id")
        raw_id, index = _split(intake, custom_id, line)
        task_id = intake.task_id(raw_id, line=line, field="custom_id")
        if task_id is None:
            continue
        intake.notice("format", "read as openai-batch (custom_id, reply without extraction)")
        response = record.get("response")
        body = response.get("body") if isinstance(response, dict) else None
        body = body if isinstance(body, dict) else {}
        error = record.get("error") or body.get("error")
        extra = {"custom_id": custom_id}
        if error is not None:
            failed += 1
            yield intake.solution(task_id, None, index, line=line, extra={**extra, "error": error})
            continue
        choices = body.get("choices")
        if type(choices) is not list or not choices:
            problem = f"expected choices and no error, found {shown(choices)}"
            raise intake.error(problem, line=line, field="response.body.choices")
        if len(choices) > 1:
            index = None
        model = body["model"] if isinstance(body.get("model"), str) else ""
        if "usage" in body:
            extra["usage"] = body["usage"]
        for choice in choices:
            yield _choice(intake, task_id, choice, index, line=line, model=model, extra=extra)
    if failed:
        intake.notice("failed", f"{failed} requests failed; they are samples without code")


def _split(intake: Intake, custom_id: str, line: int) -> tuple[str, int | None]:
    """Split ``TASK_ID#INDEX``."""
    raw_id, mark, number = custom_id.rpartition("#")
    if not mark or not (number.isascii() and number.isdigit()) or len(number) > 20:
        return custom_id, None
    return raw_id, intake.stated_index(int(number), line=line, field="custom_id")


def _choice(
    intake: Intake,
    task_id: str,
    choice: object,
    index: int | None,
    *,
    line: int,
    model: str,
    extra: Mapping[str, Any],
) -> Sample:
    """Return the sample that one of the choices is."""
    where = "response.body.choices"
    if not isinstance(choice, dict):
        raise intake.error(f"expected objects, found {shown(choice)}", line=line, field=where)
    extra = {**extra, "finish_reason": choice.get("finish_reason")}
    message = choice.get("message")
    if isinstance(message, dict):
        text, make = message.get("content"), intake.solution
        if message.get("refusal"):
            extra["refusal"] = message["refusal"]
    elif "text" in choice:
        text, make = choice["text"], intake.completion
    else:
        problem = f"neither message nor text among the keys {listed(choice)}"
        raise intake.error(problem, line=line, field=where)
    if type(text) is not str and text is not None:
        problem = f"expected the reply's text, found {shown(text)}"
        raise intake.error(problem, line=line, field=where)
    return make(task_id, text, index, line=line, model=model, extra=extra)


def read_pie(path: Path, intake: Intake, *, max_line_bytes: int) -> Iterator[Sample]:
    """Yield the answers that stand beside the problems of PIE, which are in the task's order."""
    order = intake.ids.order
    for number, (line, record) in enumerate(records(path, max_line_bytes=max_line_bytes)):
        if number >= len(order):
            problem = f"a line more than the task has problems, which are {len(order):,}"
            raise intake.error(problem, line=line)
        task_id, source = order[number], record.get("src_code")
        if type(source) is not str or source not in intake.ids.prompts.get(task_id, ""):
            problem = f"expected the slow program of {task_id}, found {shown(source)}"
            raise intake.error(f"{problem}; lines stand in the task's order", line=line)
        answers = record.get("generated_answers")
        if isinstance(answers, str):
            answers = [answers]
        if not isinstance(answers, list) or not all(
            type(each) in (str, type(None)) for each in answers
        ):
            problem = f"expected a list of texts or nulls, found {shown(answers)}"
            raise intake.error(problem, line=line, field="generated_answers")
        intake.notice("format", "read as pie-generations (generated_answers)")
        if intake.ids.is_left_out(task_id):
            intake.left_out(task_id)
            continue
        for text in answers:
            yield intake.solution(task_id, text, line=line, extra={})
