"""Where the time of a slow sample goes: its hot lines, for one input of a task that measures.

The sample runs under a tracer in the sandbox, in its own process: what comes out is for people, and
no score depends on it.
"""

from __future__ import annotations

import json
import marshal
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from codeeval.sandbox.codec import decode, unpack
from codeeval.sandbox.errors import CodeEvalError
from codeeval.sandbox.executor import Executor
from codeeval.sandbox.program import Asserts, Costs, Limits, Program
from codeeval.tasks.task import Problem, Sample, Task
from codeeval.truth import Truths, cache_directory

__all__ = ["HotLine", "Profile", "ProfileError", "profile"]

LIMITS = Limits(cpu_seconds=120.0, wall_seconds=240.0, memory_bytes=4 * 2**30)
MOST_LINES = 2_000_000
"""So many lines are traced; then the call is given up, and what is known is shown."""
MARK = "codeeval-profile:"
TRACER = """
import json, marshal, sys, time
arguments = marshal.loads({call!r})
space = {{}}
exec(compile({source!r}, "<sample>", "exec"), space)
hits, spent, clock = {{}}, {{}}, time.perf_counter
last, since, left = 0, 0.0, {most}
class Enough(BaseException):
    pass
def local(frame, event, argument):
    global last, since, left
    now = clock()
    spent[last] = spent.get(last, 0.0) + now - since
    last = frame.f_lineno
    if event == "line":
        hits[last] = hits.get(last, 0) + 1
        left -= 1
        if left <= 0:
            raise Enough
    since = clock()
    return local
def entered(frame, event, argument):
    return local(frame, event, argument) if frame.f_code.co_filename == "<sample>" else None
function, whole = space[{entry_point!r}], True
since = clock()
sys.settrace(entered)
try:
    function(*arguments)
except Enough:
    whole = False
finally:
    sys.settrace(None)
found = sorted(spent, key=spent.get, reverse=True)[:200]
lines = [[number, hits.get(number, 0), spent[number]] for number in found if number]
print("\\n" + {mark!r} + json.dumps([whole, sum(hits.values()), lines]))
"""


class ProfileError(CodeEvalError, ValueError):
    """A sample cannot be profiled."""


@dataclass(frozen=True)
class HotLine:
    """A line of a sample.

    Attributes:
        number: From 1, in the program as it was judged.
        hits: How often it was run.
        share: Its share of the time, calls of other lines left out; in [0, 1].
        text: The line.
    """

    number: int
    hits: int
    share: float
    text: str


@dataclass(frozen=True)
class Profile:
    """What a sample does with one input.

    Attributes:
        lines: Its lines, the hottest first.
        total: How many lines were run.
        whole: Whether the call came to its end.
        size: The size of the input, or 0.
    """

    lines: tuple[HotLine, ...]
    total: int
    whole: bool
    size: float


def profile(task: Task, problem: Problem, sample: Sample, executor: Executor) -> Profile:
    """Run a sample with the input that takes the reference longest, and tell where its time goes.

    Raises:
        ProfileError: If the task does not measure, or the sample fails.
    """
    program = task.program(problem, sample)
    truths = Truths(executor, cache_directory() / "truths", 1)
    try:
        checks = [each for each in truths.resolve(program).checks if isinstance(each, Costs)]
    finally:
        truths.close()
    if not checks:
        raise ProfileError(f"{task.name} does not measure what samples cost")
    check = checks[0]
    assert check.inputs is not None
    assert check.truth is not None
    seconds = check.truth.cpu_seconds
    timed = [n for n, (level, _) in enumerate(check.cases) if check.levels[level].weight > 0]
    slowest = max(timed, key=seconds.__getitem__)
    text = TRACER.format(
        call=marshal.dumps(decode(unpack(check.inputs.data)[slowest]), 2),
        source=program.source,
        entry_point=check.entry_point,
        most=MOST_LINES,
        mark=MARK,
    )
    verdict = executor.run(Program(text, (Asserts("pass", sealed=False),), LIMITS))
    _, mark, found = verdict.stdout.rpartition(MARK)
    if not mark:
        raise ProfileError(f"{sample.task_id}: {verdict.status}: {verdict.message}")
    level = check.levels[check.cases[slowest][0]]
    try:
        return _profile(json.loads(found), program.source, level.size)
    except (ValueError, TypeError, KeyError) as error:
        raise ProfileError(f"{sample.task_id}: its profile cannot be read ({error})") from error


def _profile(found: Any, source: str, size: float) -> Profile:
    """Read what the tracer, or a sample in its place, has printed."""
    whole, total, lines = found
    text: Mapping[int, str] = dict(enumerate(source.splitlines(), start=1))
    time = sum(float(seconds) for _, _, seconds in lines) or 1.0
    hot = [
        HotLine(int(number), int(hits), float(seconds) / time, text.get(int(number), ""))
        for number, hits, seconds in lines
    ]
    return Profile(tuple(hot), int(total), bool(whole), size)
