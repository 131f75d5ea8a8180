"""From samples to verdicts: extraction, programs, one run for equal programs, bounded in flight."""

from __future__ import annotations

import hashlib
import logging
import queue
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import Future
from dataclasses import dataclass, replace
from typing import Any

from codeeval.sandbox.errors import CodeEvalError
from codeeval.sandbox.executor import Executor
from codeeval.sandbox.program import Program
from codeeval.sandbox.verdict import Status, Verdict
from codeeval.tasks.extract import extract
from codeeval.tasks.task import Problem, Sample, Task
from codeeval.truth import TruthError, Truths

__all__ = ["EvaluationStopped", "SampleResult", "extracted", "judge_samples"]

IN_FLIGHT = 512
"""Samples under way for each worker: more than the rest can run while a few sit in loops."""
REMEMBERED = 20_000
"""Verdicts kept for equal programs to come."""
WAITING_SHARE = 0.1
MANY = 64
GATHER_SECONDS = 0.02
"""How long results may wait for more of them while many samples are under way: a waking costs."""
STOP_SECONDS = 0.2
"""How long a wait for a verdict may keep a request to stop waiting."""
SLOW_SECONDS = 30.0
"""After so long without any verdict those that are waited for are named."""

logger = logging.getLogger(__name__)


class EvaluationStopped(CodeEvalError, RuntimeError):
    """The evaluation was stopped on request; what was finished is kept."""


@dataclass(frozen=True)
class SampleResult:
    """What became of one sample: a line of ``results.jsonl``.

    Attributes:
        task_id: The problem's id.
        index: The sample's number within its problem.
        program: The digest of the program that was run.
        scores: What the verdict is worth, for each column of the task.
        verdict: The verdict.
        attempts: How often it was run: 2 if a time limit was hit on a busy machine.
    """

    task_id: str
    index: int
    program: str
    scores: Mapping[str, float]
    verdict: Verdict
    attempts: int = 1

    def as_dict(self) -> dict[str, Any]:
        """Return the result as JSON types."""
        return {
            "task_id": self.task_id,
            "index": self.index,
            "program": self.program,
            "scores": dict(self.scores),
            "attempts": self.attempts,
            "verdict": self.verdict.as_dict(),
        }

    @classmethod
    def from_dict(cls, record: Mapping[str, Any]) -> SampleResult:
        """Build a result from what `as_dict` returned."""
        return cls(
            record["task_id"],
            record["index"],
            record["program"],
            record["scores"],
            Verdict.from_dict(record["verdict"]),
            record["attempts"],
        )


def extracted(sample: Sample, problem: Problem, mode: str, stops: Iterable[str]) -> Sample | None:
    """Return the sample with the code in its text, or None if there is none."""
    if sample.extra.get("no_code"):
        return None
    if mode == "none":
        return sample if sample.text.strip() else None
    found = extract(
        mode,
        sample.text,
        prompt=problem.prompt,
        entry_point=problem.entry_point or None,
        kind="completion" if sample.completion is not None else "solution",
        stops=tuple(stops),
    )
    if found.text is None or not found.text.strip():
        return None
    if found.kind == "completion":
        return replace(sample, completion=found.text, solution=None)
    return replace(sample, completion=None, solution=found.text)


def judge_samples(
    task: Task,
    problems: Mapping[str, Problem],
    samples: Iterable[Sample],
    executor: Executor,
    truths: Truths,
    *,
    workers: int,
    extraction: str = "none",
    stops: Iterable[str] = (),
    deduplicate: bool = True,
    skip: Callable[[Sample, str], bool] = lambda sample, digest: False,
    adjust: Callable[[Program], Program] = lambda program: program,
    stop: threading.Event | None = None,
) -> Iterator[SampleResult]:
    """Judge samples; yield the results as they finish.

    Args:
        task: Makes the programs.
        problems: The task's problems by id.
        samples: Read as they are needed. A task that has ``answer`` judges them itself.
        executor: Runs the programs.
        truths: Runs the references.
        workers: How many programs run at a time.
        extraction: How the code is taken from a sample's text.
        stops: Stop sequences, for the extraction ``stop``.
        deduplicate: Run equal programs once.
        skip: Says of a sample and its program's digest that it is judged already.
        adjust: Changes programs before they run: other limits.
        stop: Ends the evaluation when it is set.

    Raises:
        EvaluationStopped: If ``stop`` was set.
    """
    stop = stop or threading.Event()
    judge = _Judging(task, problems, executor, truths, deduplicate=deduplicate, stop=stop)
    stops = tuple(stops)
    limit = IN_FLIGHT * workers
    answer = getattr(task, "answer", None)
    try:
        for sample in samples:
            problem = problems[sample.task_id]
            code = extracted(sample, problem, extraction, stops)
            if code is None:
                if not skip(sample, ""):
                    verdict = Verdict.without_run(Status.NO_CODE, "no code in the sample")
                    yield judge.result(sample, "", verdict)
                continue
            if answer is not None:
                if stop.is_set():
                    raise EvaluationStopped("stopped on request; the same call goes on from here")
                digest = hashlib.sha256(code.text.encode("utf-8", "surrogatepass")).hexdigest()
                if not skip(sample, digest):
                    yield judge.result(sample, digest, answer(problem, code))
                continue
            program = adjust(task.program(problem, code))
            if skip(sample, program.digest):
                continue
            judge.begin(sample, program)
            while judge.waiting >= limit or judge.has_results:
                yield from judge.take()
        while judge.waiting:
            yield from judge.take()
        yield from judge.again()
    finally:
        judge.cancel()


class _Judging:
    """The state of one evaluation under way: who waits for which program."""

    def __init__(
        self,
        task: Task,
        problems: Mapping[str, Problem],
        executor: Executor,
        truths: Truths,
        *,
        deduplicate: bool,
        stop: threading.Event,
    ) -> None:
        self._task = task
        self._stop = stop
        self._problems = problems
        self._executor = executor
        self._truths = truths
        self._deduplicate = deduplicate
        self._done: queue.SimpleQueue[tuple[str, Program, Future[Verdict]]] = queue.SimpleQueue()
        self._waiting: dict[str, list[Sample]] = {}
        self._futures: dict[str, Future[Verdict]] = {}
        self._ended = False
        self._known: OrderedDict[str, Verdict] = OrderedDict()
        self._ready: list[SampleResult] = []
        self._doubtful: list[tuple[list[Sample], Program]] = []
        self.waiting = 0
        """How many samples wait for the end of their programs."""
        self._number = 0

    @property
    def has_results(self) -> bool:
        """Whether a result can be taken at once."""
        return bool(self._ready) or not self._done.empty()

    def result(
        self, sample: Sample, digest: str, verdict: Verdict, attempts: int = 1
    ) -> SampleResult:
        """Return the result of a sample whose program came to ``verdict``."""
        problem = self._problems[sample.task_id]
        scores = self._task.score(problem, verdict)
        return SampleResult(sample.task_id, sample.index, digest, scores, verdict, attempts)

    def begin(self, sample: Sample, program: Program) -> None:
        """Have a sample's program run, unless an equal one is known or under way."""
        key = program.digest
        if self._deduplicate:
            if (known := self._known.get(key)) is not None:
                self._known.move_to_end(key)
                self._ready.append(self.result(sample, key, known))
                return
            if key in self._waiting:
                self._waiting[key].append(sample)
                self.waiting += 1
                return
        else:
            self._number += 1
            key = f"{key} {self._number}"
        self._waiting[key] = [sample]
        self.waiting += 1
        futures = self._truths.missing(program)
        if not futures:
            self._submit(key, program, futures)
            return
        remaining, lock = len(futures), threading.Lock()

        def count_down(_: Future[Any]) -> None:
            nonlocal remaining
            with lock:
                remaining -= 1
                last = remaining == 0
            if last:
                self._submit(key, program, futures)

        for future in futures:
            future.add_done_callback(count_down)

    def _submit(self, key: str, program: Program, truths: list[Future[Any]]) -> None:
        """Run a program whose truths are there; failures of ours arrive with its verdict."""
        try:
            for truth in truths:
                truth.result()  # one that failed is not to be made again here, in its own thread
            complete = self._truths.resolve(program)
            future = self._executor.submit(complete)
        except BaseException as error:
            future = Future()
            future.set_exception(error)
        self._futures[key] = future
        if self._ended:
            future.cancel()
        future.add_done_callback(lambda done: self._done.put((key, program, done)))

    def cancel(self) -> None:
        """Give up what is under way: nobody wants it any more."""
        self._ended = True
        for future in list(self._futures.values()):
            future.cancel()

    def take(self) -> Iterator[SampleResult]:
        """Yield results that are there; wait for one if there is none."""
        if self._ready:
            yield from self._ready
            self._ready.clear()
            return
        key, program, future = self._wait()
        del self._futures[key]
        samples = self._waiting.pop(key)
        self.waiting -= len(samples)
        try:
            verdict = future.result()
        except TruthError as error:  # a reference does not run: no sample's fault, and no other's
            verdict = Verdict.without_run(Status.INFRASTRUCTURE_ERROR, str(error))
        if is_doubtful(program, verdict):
            self._doubtful.append((samples, program))
            return
        if self._deduplicate and verdict.status is not Status.INFRASTRUCTURE_ERROR:
            self._known[key] = verdict
            if len(self._known) > REMEMBERED:
                self._known.popitem(last=False)
        for sample in samples:
            yield self.result(sample, program.digest, verdict)

    def _wait(self) -> tuple[str, Program, Future[Verdict]]:
        """Return the next finished program."""
        if self.waiting > MANY and self._done.empty():
            self._stop.wait(GATHER_SECONDS)
        since = time.monotonic()
        while not self._stop.is_set():
            try:
                return self._done.get(timeout=STOP_SECONDS)
            except queue.Empty:
                if time.monotonic() - since > SLOW_SECONDS:
                    since = time.monotonic()
                    logger.warning("no verdict for %.0f s; %s", SLOW_SECONDS, self._slow())
        raise EvaluationStopped("stopped on request; the same call goes on from here")

    def _slow(self) -> str:
        """Say which samples are being run, or whose references."""
        running = [key for key, future in list(self._futures.items()) if future.running()]
        what = "running" if running else "waiting for the references of"
        samples = [self._waiting[key][0] for key in (running or list(self._waiting))]
        names = [f"{sample.task_id} (sample {sample.index})" for sample in samples]
        more = f" and {len(names) - 5} more" if len(names) > 5 else ""
        return f"{what} {', '.join(names[:5])}{more}"

    def again(self) -> Iterator[SampleResult]:
        """Judge the doubtful ones a second time, one by one, now that all else is done."""
        yield from self._ready
        self._ready.clear()
        for samples, program in self._doubtful:
            verdict = self._executor.run(self._truths.resolve(program))
            for sample in samples:
                yield self.result(sample, program.digest, verdict, attempts=2)


def is_doubtful(program: Program, verdict: Verdict) -> bool:
    """Whether a wall time limit was hit while the program had to wait for a core.

    A limit of CPU time is as true on a busy machine as on a quiet one.
    """
    return any(
        result.status is Status.TIMEOUT
        and result.usage.cpu_seconds < program.limits.cpu_seconds
        and result.usage.waiting_seconds > WAITING_SHARE * result.usage.wall_seconds
        for result in verdict.results
    )
