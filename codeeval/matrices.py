"""Runs of translations from one language to another, side by side: source by target."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from codeeval.html_parts import text
from codeeval.report_html import page_of, write_page
from codeeval.report_text import aligned, interval, percent
from codeeval.run_files import read_manifest, read_report
from codeeval.sandbox.errors import CodeEvalError
from codeeval.scoring.estimate import Estimate

__all__ = ["Matrix", "NoMatrix", "matrix_of", "matrix_table", "write_matrix_html"]

NO_SOURCE = "none: solved"
"""What stands for the source where a problem is to be solved and not translated."""


class NoMatrix(CodeEvalError, ValueError):
    """Runs that cannot stand in one matrix."""


@dataclass(frozen=True)
class Matrix:
    """Scores of one task for pairs of languages.

    Attributes:
        task: The task.
        metric: Such as ``pass@1``.
        column: Which of the task's columns.
        sources: The languages of what is translated, in order of the names.
        targets: Those that it is translated to.
        cells: By source and target the score; pairs without a run are not there.
    """

    task: str
    metric: str
    column: str
    sources: tuple[str, ...]
    targets: tuple[str, ...]
    cells: Mapping[tuple[str, str], Estimate]

    def as_dict(self) -> dict[str, Any]:
        """Return it as JSON types; cells are a list."""
        cells = [
            {"source": source, "target": target, **asdict(estimate)}
            for (source, target), estimate in self.cells.items()
        ]
        return {"task": self.task, "metric": self.metric, "column": self.column, "cells": cells}


def matrix_of(folders: Sequence[str | Path], *, k: int = 1, column: str | None = None) -> Matrix:
    """Return the scores of runs, each of which translates between two languages.

    Args:
        folders: Run directories.
        k: The k of pass@k.
        column: Such as ``safe``; the first that the task has by default.

    Raises:
        NoMatrix: If they are of several tasks, two are of the same pair of languages, a task has
            no languages, or a run has no such score.
        RunFileError: If one is no finished run.
    """
    tasks: dict[str, str] = {}
    cells: dict[tuple[str, str], Estimate] = {}
    seen: dict[tuple[str, str], str] = {}
    columns = set[str]()
    for folder in map(str, folders):
        report, manifest = read_report(folder), read_manifest(Path(folder))
        if not manifest.get("language"):
            raise NoMatrix(f"{folder}: the task {manifest['task']} has no language to be chosen")
        tasks.setdefault(manifest["task"], folder)
        if len(tasks) > 1:
            raise NoMatrix(
                "runs of several tasks: "
                + ", ".join(f"{name} in {where}" for name, where in tasks.items())
            )
        pair = manifest.get("source_language") or NO_SOURCE, str(manifest["language"])
        if pair in seen:
            raise NoMatrix(f"two runs of {pair[0]} to {pair[1]}: {seen[pair]} and {folder}")
        name = column or report.columns[0]
        columns.add(name)
        found = [
            each for each in report.estimates.get(name, ()) if each.metric.endswith(f"pass@{k}")
        ]
        if not found:
            known = [each.metric for items in report.estimates.values() for each in items]
            raise NoMatrix(f"{folder}: there is no pass@{k} of {name}; it has {', '.join(known)}")
        seen[pair], cells[pair] = folder, found[0]
    if not cells:
        raise NoMatrix("no runs are named")
    return Matrix(
        task=next(iter(tasks)),
        metric=f"pass@{k}",
        column=", ".join(sorted(columns)),
        sources=tuple(sorted({source for source, _ in cells}, key=lambda n: (n == NO_SOURCE, n))),
        targets=tuple(sorted({target for _, target in cells})),
        cells=cells,
    )


def matrix_table(matrix: Matrix) -> str:
    """Return it as aligned lines of plain text: a row for each source, a column for each target."""
    rows = [["from \\ to", *matrix.targets]]
    for source in matrix.sources:
        found = [matrix.cells.get((source, target)) for target in matrix.targets]
        rows.append([source, *("–" if each is None else percent(each.value) for each in found)])
    title = f"{matrix.task}: {matrix.metric} in percent, column {matrix.column}"
    lines = aligned(rows, "<" + ">" * len(matrix.targets))
    return "\n".join([title, "", *lines, ""])


def write_matrix_html(path: Path, matrix: Matrix) -> None:
    """Write it as one self-contained page with a heat map; it appears whole or not at all."""
    page = page_of(
        "matrix.html",
        title=f"{text(matrix.task)} · languages · codeeval",
        heading=f"{text(matrix.task)} <small>{text(matrix.metric)}</small>",
        byline=f"{len(matrix.cells)} runs, column <b>{text(matrix.column)}</b>",
        matrix=_heat_map(matrix),
        scores=_scores(matrix),
    )
    write_page(path, page)


def _heat_map(matrix: Matrix) -> str:
    head = "".join(f'<th scope="col">{text(target)}</th>' for target in matrix.targets)
    rows = ""
    for source in matrix.sources:
        cells = ""
        for target in matrix.targets:
            found = matrix.cells.get((source, target))
            if found is None:
                cells += "<td><span aria-label='no run'>–</span></td>"
                continue
            share = round(100 * found.value)
            dark = ' class="full"' if share >= 60 else ""
            hint = text(f"{source} to {target}: {percent(found.value)} %, {interval(found)}")
            cells += (
                f'<td{dark} style="--share:{share}%" title="{hint}">{percent(found.value)}</td>'
            )
        rows += f'<tr><th scope="row">{text(source)}</th>{cells}</tr>'
    return (
        '<div class="scroll" role="region" tabindex="0" aria-label="Map"><table class="matrix">'
        "<caption>From the language of the row to that of the column, in percent; the darker, the "
        "more pass. A dash: no run.</caption>"
        f"<thead><tr><td>from \\ to</td>{head}</tr></thead><tbody>{rows}</tbody></table></div>"
    )


def _scores(matrix: Matrix) -> str:
    rows = "".join(
        f'<tr><th scope="row">{text(source)}</th><td>{text(target)}</td>'
        f'<td class="r">{percent(each.value)}</td><td class="r">{interval(each)}</td>'
        f'<td class="r">{each.tasks:,}</td><td class="r">{each.samples:,}</td></tr>'
        for (source, target), each in sorted(matrix.cells.items())
    )
    names = ("From", "To", "%", "Interval", "Problems", "Samples")
    head = "".join(
        f'<th scope="col"{" class=r" if place > 1 else ""}>{name}</th>'
        for place, name in enumerate(names)
    )
    return (
        '<div class="scroll" role="region" tabindex="0" aria-label="Scores"><table>'
        f"<thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table></div>"
    )
