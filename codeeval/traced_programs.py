"""Programs in files, run and traced in the sandbox: those in Java and JavaScript."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import groupby, pairwise
from pathlib import Path
from typing import Any, NamedTuple

from codeeval.sandbox.errors import CodeEvalError, SandboxError, SandboxUnavailable
from codeeval.sandbox.executor import Executor
from codeeval.sandbox.tracing import program_traces
from codeeval.traced_calls import LONGEST_CODE, MOST_STEPS, RUNS, Call

__all__ = ["SUFFIXES", "programs_in", "ran"]

SUFFIXES = {".java": "java", ".js": "javascript", ".cjs": "javascript"}
AT_ONCE = 10
"""How many programs one tracer runs, one after the other."""
SECONDS = 6.0
COMMENT = re.compile(r"/\*[\s\S]*?\*/|//[^\n]*")
TEXT = re.compile(r"\"(?:\\.|[^\"\\\n])*\"|'(?:\\.|[^'\\\n])*'|`(?:\\.|[^`\\])*`")
LOOP = re.compile(r"\b(for|while|do)\b")
HEAD = re.compile(r"(?:[{(,)]|&&|\|\|)\s*$|\}\s*while\s*\(.*\)\s*;\s*$")
"""How a line ends that has the head of a loop alone."""


class Source(NamedTuple):
    """A program in a file."""

    origin: str
    language: str
    text: str


def programs_in(folder: Path) -> list[Source]:
    """Return the programs in a folder and those below it, in the order of their names.

    Raises:
        CodeEvalError: If there are none, or one cannot be read.
    """
    found = []
    for path in sorted(folder.rglob("*")):
        if path.suffix in SUFFIXES and path.is_file():
            try:
                text = path.read_text("utf-8").replace("\r\n", "\n")
            except (OSError, UnicodeDecodeError) as error:
                raise CodeEvalError(f"{path}: cannot be read: {error}") from error
            name = path.relative_to(folder).as_posix().replace(" ", "_")
            found.append(Source(f"{folder.name} {name}", SUFFIXES[path.suffix], text))
    if not found:
        raise CodeEvalError(
            f"{folder}: there is no file in it whose name ends in {' '.join(SUFFIXES)}"
        )
    return found


def ran(sources: Sequence[Source], executor: Executor, left_out: Counter[str]) -> Iterator[Call]:
    """Trace programs in the sandbox; yield those that do the same each time."""
    plain: dict[str, list[Source]] = {}
    for each in sources:
        code = bare(each.text)
        if code is None or len(code) > LONGEST_CODE:
            left_out["a program that is long, or has a loop in one line"] += 1
        else:
            plain.setdefault(each.language, []).append(each._replace(text=code))
    for language, programs in plain.items():
        for start in range(0, len(programs), AT_ONCE):
            batch = programs[start : start + AT_ONCE]
            for source, runs in zip(batch, runs_of(language, batch, executor), strict=True):
                if not runs:
                    left_out["a program that its tracer does not survive"] += 1
                elif runs[0]["failure"]:
                    left_out[f"a program that {runs[0]['failure'].partition(':')[0]}"] += 1
                elif runs[0]["is_cut"] or not runs[0]["steps"]:
                    left_out["5,000 steps or more, or none"] += 1
                elif any(each != runs[0] for each in runs):
                    left_out["not the same each time"] += 1
                else:
                    yield call_of(source, runs[0])


def runs_of(
    language: str, batch: Sequence[Source], executor: Executor
) -> list[tuple[dict[str, Any], ...]]:
    """Return what some runs say of each program; nothing of one that cannot be traced."""
    texts = [each.text for each in batch]
    try:
        runs = [
            program_traces(executor, language, texts, most_steps=MOST_STEPS, seconds=SECONDS)
            for _ in range(RUNS)
        ]
    except SandboxUnavailable:
        raise
    except SandboxError:
        if len(batch) < 2:
            return [()] * len(batch)
        return [runs_of(language, [each], executor)[0] for each in batch]
    return list(zip(*runs, strict=True))


def bare(code: str) -> str | None:
    """Return a program without its comments; None if a loop stands in one line with its body."""

    def blank(found: re.Match[str]) -> str:
        return "\n" * found[0].count("\n")

    # Texts first: what looks like a comment may be in one.
    kept: list[str] = []
    pattern = re.compile(f"{TEXT.pattern}|{COMMENT.pattern}")
    bared = pattern.sub(lambda each: each[0] if each[0][0] in "\"'`" else blank(each), code)
    lines = [line.rstrip() for line in bared.split("\n")]
    for line in lines:
        words = TEXT.sub('""', line)
        if LOOP.search(words) and not HEAD.search(words):
            return None
        kept.append(line)
    return re.sub(r"\n{3,}", "\n\n", "\n".join(kept)).strip("\n")


def call_of(source: Source, trace: dict[str, Any]) -> Call:
    """Return a run with what a question may be about."""
    steps = list(zip(trace["steps"], trace["frames"], strict=True))
    again = {line for (line, frame), after in pairwise(steps) if (line, frame) == after}
    names: list[str] = []
    recursion = False
    for name, depth, _ in trace["calls"]:
        del names[depth:]
        recursion |= name in names
        names.append(name)
    visits = Counter(steps)
    loops = any(count > 1 for count in visits.values())
    return Call(
        origin=source.origin,
        code=source.text,
        text="",
        steps=[line for (line, _), _ in groupby(steps)],
        again=again,
        values=[],
        begun=[],
        lines=trace["statements"],
        loops=loops,
        depth=max(depth for _, depth, _ in trace["calls"]) + 1,
        recursion=recursion,
        threads=len({thread for _, _, thread in trace["calls"]}),
        result=trace["printed"],
        error=trace["error"],
        runtime=trace["runtime"],
        language=source.language,
    )
