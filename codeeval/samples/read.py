"""Read samples: one call for every format."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

from codeeval.samples.directory import read_directory
from codeeval.samples.documents import read_generations, read_predictions, read_results
from codeeval.samples.errors import SampleError
from codeeval.samples.formats import check_format, detect
from codeeval.samples.ids import SampleIds
from codeeval.samples.intake import Intake
from codeeval.samples.jsonl import read_jsonl
from codeeval.samples.logs import read_lm_eval, read_openai_batch, read_pie
from codeeval.samples.source import MAX_LINE_BYTES
from codeeval.samples.tables import read_results_table
from codeeval.tasks.task import Sample

__all__ = ["read_samples"]


def read_samples(
    path: str | Path,
    ids: SampleIds,
    *,
    format: str | None = None,
    id_field: str | None = None,
    code_field: str | None = None,
    allow_unknown: bool = False,
    filter_name: str | None = None,
    limit_start: int = 0,
    report: Callable[[str], None],
    max_line_bytes: int = MAX_LINE_BYTES,
) -> Iterator[Sample]:
    """Read the samples in ``path``, a file (gzip or plain) or a directory, one at a time.

    Memory is bound by the longest line and by one bit for each sample with a stated index.

    Args:
        path: The file or directory.
        ids: The ids that samples may name.
        format: A name in FORMATS; None: told by the content, or ``jsonl`` if a field is named.
        id_field: Where the id stands in ``jsonl``; ``task_id`` if None.
        code_field: Where the code stands in ``jsonl``: a completion if it is called so, else a
            whole program. None: ``solution``, else ``completion``.
        allow_unknown: Skip samples of unknown problems and report how many, instead of raising.
        filter_name: Which filter of an ``lm-eval`` log to read; None: the first but ``none``.
        limit_start: Number of the problem that ``harness-generations`` begin with.
        report: Gets each notice, one line without a full stop, once.
        max_line_bytes: How long one line, value or program file may be.

    Returns:
        The samples in the order of the file. Their index is the one that the file states
        (``sample_id``, ``#INDEX``, the file's stem), else counts up from 0 for each problem. A null
        in place of code gives a sample of solution ``""`` with ``no_code`` in its ``extra``.

    Raises:
        SampleError: At once if the format is unknown or the path unreadable; while reading,
            after all the samples before the fault, if the content is not what it should be.
    """
    path = Path(path)
    if format is not None:
        check_format(format)
    elif (id_field or code_field) and not path.is_dir():
        format = "jsonl"
    else:
        format = detect(path, max_line_bytes=max_line_bytes)
    if not 0 <= limit_start < max(len(ids.ids), 1):
        raise SampleError(f"limit_start must be 0 to {len(ids.ids) - 1}, found {limit_start}")
    intake = Intake(path, ids, allow_unknown=allow_unknown, report=report)
    samples: Iterator[Sample]
    if format == "jsonl":
        samples = read_jsonl(
            path,
            intake,
            id_field=id_field,
            code_field=code_field,
            max_line_bytes=max_line_bytes,
        )
    elif format == "evalplus-dir":
        samples = read_directory(path, intake, max_file_bytes=max_line_bytes)
    elif format == "harness-generations":
        samples = read_generations(
            path, intake, limit_start=limit_start, max_value_bytes=max_line_bytes
        )
    elif format == "coffe-predictions":
        samples = read_predictions(path, intake, max_value_bytes=max_line_bytes)
    elif format == "coconut-results":
        samples = read_results_table(path, intake)
    elif format == "results":
        samples = read_results(path, intake, max_value_bytes=max_line_bytes)
    elif format == "pie-generations":
        samples = read_pie(path, intake, max_line_bytes=max_line_bytes)
    elif format == "lm-eval":
        samples = read_lm_eval(path, intake, filter_name=filter_name, max_line_bytes=max_line_bytes)
    else:
        samples = read_openai_batch(path, intake, max_line_bytes=max_line_bytes)
    return _finished(samples, intake)


def _finished(samples: Iterator[Sample], intake: Intake) -> Iterator[Sample]:
    yield from samples
    intake.finish()
