"""The few samples of a run that a report shows: chosen by a rule while the results stream by."""

from __future__ import annotations

from bisect import insort
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import islice, zip_longest
from pathlib import Path

from codeeval.run_files import ResultIndex, iter_results, iter_samples
from codeeval.sandbox.verdict import Status, Verdict
from codeeval.tasks.task import Sample
from codeeval.visible import clip

__all__ = ["FAILING", "PASSING", "Excerpt", "choose", "load"]

FAILING = 3
"""How many failing samples of a problem are chosen, one of each status first."""

PASSING = 1
"""How many passing samples of a problem are chosen."""

_ORDER = tuple(status for status in Status if status is not Status.PASSED)


@dataclass(frozen=True)
class Excerpt:
    """One sample that is shown, with its verdict.

    Attributes:
        sample: The sample, its text cut to the size that was asked for.
        characters: The length of its whole text.
        verdict: Its verdict, long outputs cut.
        attempts: How often it was run.
    """

    sample: Sample
    characters: int
    verdict: Verdict
    attempts: int


def choose(run_directory: Path, task_ids: Iterable[str], most: int) -> list[tuple[str, int]]:
    """Choose the samples to show, the most telling first.

    The choice depends on the results, not on the order in which they came: of each problem the
    first sample of each failing status, then their second ones, up to ``FAILING``, and the first
    ``PASSING`` that pass. No problem gets a second failing sample before each has its first.

    Args:
        run_directory: Where the results are.
        task_ids: The problems of which samples are wanted.
        most: How many samples to choose at most.

    Returns:
        Pairs of task_id and index.
    """
    firsts: dict[str, dict[str, list[int]]] = {task_id: {} for task_id in task_ids}
    for _, record in iter_results(run_directory):
        by_status = firsts.get(record["task_id"])
        if by_status is None:
            continue
        index, status = record["index"], record["verdict"]["status"]
        for indices in by_status.values():
            if index in indices:  # an earlier verdict of the same sample: the last one counts
                indices.remove(index)
        indices = by_status.setdefault(status, [])
        insort(indices, index)
        del indices[FAILING:]
    failing = {task_id: _failing(by_status) for task_id, by_status in firsts.items()}
    passing = {
        task_id: by_status.get(Status.PASSED, [])[:PASSING] for task_id, by_status in firsts.items()
    }
    rounds = [*_rounds(failing)]
    rounds[1:1] = _rounds(passing)
    return list(islice((pair for pairs in rounds for pair in pairs), most))


def load(
    run_directory: Path, chosen: Iterable[tuple[str, int]], text_size: int, output_size: int
) -> dict[tuple[str, int], Excerpt]:
    """Fetch chosen samples and their verdicts.

    Args:
        run_directory: Where they are.
        chosen: Pairs of task_id and index.
        text_size: How many characters of a sample's text are kept.
        output_size: How many characters of its standard output and error are kept, each.
    """
    wanted = set(chosen)
    found = {}
    with ResultIndex(run_directory) as results:
        for sample in iter_samples(run_directory):
            key = (sample.task_id, sample.index)
            if key not in wanted or (result := results.get(*key)) is None:
                continue
            text = sample.text
            short = replace(
                sample,
                completion=None if sample.completion is None else text[:text_size],
                solution=None if sample.solution is None else text[:text_size],
                extra={},
            )
            whole = Verdict.from_dict(result["verdict"])
            verdict = replace(
                whole,
                stdout=clip(whole.stdout, output_size),
                stderr=clip(whole.stderr, output_size),
            )
            found[key] = Excerpt(short, len(text), verdict, result.get("attempts", 1))
    return found


def _failing(by_status: Mapping[str, list[int]]) -> list[int]:
    """Return the first of each failing status, then the second ones, up to ``FAILING``."""
    queues = [by_status.get(status.value, []) for status in _ORDER]
    turns = (index for turn in zip_longest(*queues) for index in turn if index is not None)
    return list(islice(turns, FAILING))


def _rounds(indices: Mapping[str, list[int]]) -> Iterator[list[tuple[str, int]]]:
    depth = max(map(len, indices.values()), default=0)
    for place in range(depth):
        yield [(task_id, items[place]) for task_id, items in indices.items() if place < len(items)]
