"""The executor: threads that each drive one jail, and a queue of programs."""

from __future__ import annotations

import os
import threading
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future
from types import TracebackType
from typing import Protocol, Self

from codeeval.sandbox.errors import SandboxError, SandboxUnavailable
from codeeval.sandbox.jail import Jail, JailDied
from codeeval.sandbox.languages import LANGUAGES
from codeeval.sandbox.program import (
    Check,
    Limits,
    Outputs,
    Program,
    Stdio,
    Truth,
    UnitTests,
)
from codeeval.sandbox.simulator import SLOWNESS
from codeeval.sandbox.verdict import CheckResult, Status, Verdict
from codeeval.sandbox.wire import blobs_of, encode_program, frame, truth_of, verdict_of

__all__ = ["ISOLATIONS", "Jails", "Pool"]

IN_FLIGHT = 512
"""Programs that `run_many` has under way for each worker: a slow one holds the others up late."""
STORE_BYTES = 384 * 2**20
STORE_FILES = 500
PREFETCHED_BYTES = 32 * 1024
"""A larger frame waits for the reply before it: both sides writing at once would wait for ever."""
RECYCLED_AFTER = 5000
ISOLATIONS = {"worker": RECYCLED_AFTER, "container": 1}
"""How many programs a jail judges."""
ATTEMPTS = 3
OWN_SECONDS, MOST_SECONDS, BUILD_SECONDS = 300.0, 1e6, 120.0


class Jails(Protocol):
    """A backend: how a jail is made."""

    @property
    def isolation(self) -> str:
        """Its name in verdicts."""

    def image_of(self, image: str) -> str:
        """Return the id of an image, a key of ``image.IMAGES``; nothing if there are none here."""

    def start(self, image: str) -> Jail:
        """Start a jail with this image; raises SandboxUnavailable or JailDied."""

    def close(self) -> None:
        """Let go of what the jails share."""


class _Job:
    """A program under way, what it is to become, and how often a jail died of it."""

    def __init__(self, program: Program) -> None:
        self.program = program
        self.image = LANGUAGES[program.language].image
        self.future: Future[Verdict] = Future()
        self.payload = b""
        """What comes with the verdict of a reference."""
        self.deaths = 0
        self.begun = False


class Pool:
    """An executor: threads that each drive one jail and replace it when it breaks.

    Args:
        jails: The backend.
        limits: The largest limits that its jails are sized for.
        workers: How many jails work at a time.
        per_jail: How many programs a jail judges before another takes its place.
    """

    def __init__(
        self, jails: Jails, limits: Limits, workers: int, per_jail: int = RECYCLED_AFTER
    ) -> None:
        if workers < 1:
            raise ValueError(f"workers must be at least 1, not {workers}")
        self._jails = jails
        self._process = os.getpid()
        self._limits = limits
        self.workers = workers
        self._per_jail = per_jail
        self._waiting: deque[_Job] = deque()
        self._changed = threading.Condition()
        self._closing = False
        self._failure: SandboxError | None = None
        self._has_worked = False
        self._open: set[Jail] = set()
        self._threads = [
            threading.Thread(target=self._work, name=f"codeeval-{n}", daemon=True)
            for n in range(workers)
        ]
        for thread in self._threads:
            thread.start()

    @property
    def isolation(self) -> str:
        """The kind of its jails."""
        return self._jails.isolation

    def image_of(self, language: str) -> str:
        """Return the id of the image in which programs in a language run, or nothing.

        Raises:
            ImageMissing: If it is not built.
        """
        return self._jails.image_of(LANGUAGES[language].image)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def submit(self, program: Program) -> Future[Verdict]:
        """Begin to judge a program."""
        return self._enqueue(program).future

    def _enqueue(self, program: Program) -> _Job:
        if program.limits.memory_bytes > self._limits.memory_bytes:
            raise ValueError(
                f"memory_bytes of a program is {program.limits.memory_bytes}, above the "
                f"{self._limits.memory_bytes} that this executor was opened for"
            )
        blobs_of(program)  # here a program that cannot be judged meets who sent it
        self.image_of(program.language)
        if os.getpid() != self._process:
            raise SandboxError("an executor cannot be used in a fork; open one there")
        job = _Job(program)
        with self._changed:
            if self._failure is not None:
                raise self._failure
            if self._closing:
                raise SandboxUnavailable("the executor is closed")
            self._waiting.append(job)
            self._changed.notify()
        return job

    def run(self, program: Program) -> Verdict:
        """Judge one program."""
        return self._enqueue(program).future.result()

    def run_many(self, programs: Iterable[Program]) -> Iterator[Verdict]:
        """Judge programs; yield the verdicts in their order."""
        flying: deque[_Job] = deque()
        try:
            for program in programs:
                flying.append(self._enqueue(program))
                most = IN_FLIGHT * self.workers
                while flying and (flying[0].future.done() or len(flying) >= most):
                    yield flying.popleft().future.result()
            while flying:
                yield flying.popleft().future.result()
        finally:
            for job in flying:  # nobody wants them any more
                job.future.cancel()

    def truth(self, program: Program) -> Truth:
        """Run a trusted reference and return its outputs."""
        if len(program.checks) != 1 or not isinstance(program.checks[0], Outputs):
            raise ValueError("a truth is made by a program with one check, of the kind Outputs")
        job = self._enqueue(program)
        verdict = job.future.result()
        if verdict.status is not Status.PASSED:
            raise SandboxError(f"the reference failed: {verdict.status}: {verdict.message}")
        return truth_of(job.payload)

    def close(self) -> None:
        """End all jails; programs that were not judged raise SandboxUnavailable."""
        with self._changed:
            self._closing = True
            dropped = list(self._waiting)
            self._waiting.clear()
            jails = list(self._open)
            self._changed.notify_all()
        for job in dropped:
            self._fail(job, SandboxUnavailable("the executor was closed"))
        for jail in jails:
            jail.kill()
        for thread in self._threads:
            thread.join(30)
        self._jails.close()

    @staticmethod
    def _fail(job: _Job, error: BaseException) -> None:
        """Let whoever waits for a program know that it will not be judged."""
        if job.begun or job.future.set_running_or_notify_cancel():
            job.future.set_exception(error)

    def _work(self) -> None:
        """Drive one jail after the other until the executor is closed."""
        while True:
            with self._changed:
                while not self._waiting and not self._closing:
                    self._changed.wait()
                if self._closing:
                    return
                image = self._waiting[0].image
            try:
                jail = self._start(image)
            except SandboxError as error:
                self._give_up(error)
                return
            except Exception as error:  # whatever it is, nobody may wait for ever
                self._give_up(SandboxError(f"no sandbox: {type(error).__name__}: {error}"))
                return
            try:
                self._drive(jail, image)
            finally:
                with self._changed:
                    self._open.discard(jail)
                jail.close()

    def _start(self, image: str) -> Jail:
        """Start a jail, with some patience: a daemon that once worked may be restarting."""
        for delay in (0.2, 1.0, 3.0, 6.0, 12.0, 0.0) if self._has_worked else (0.2, 1.0, 0.0):
            try:
                jail = self._jails.start(image)
            except (SandboxUnavailable, JailDied) as error:
                with self._changed:
                    if self._closing or delay == 0.0:
                        raise SandboxUnavailable(str(error)) from error
                    self._changed.wait(delay)
                continue
            with self._changed:
                self._has_worked = True
                self._open.add(jail)
                if self._closing:
                    jail.kill()
            return jail
        raise AssertionError("the last delay raises")

    def _give_up(self, error: SandboxError) -> None:
        """No jail can be had: everything that waits fails with the reason."""
        with self._changed:
            self._failure = self._failure or error
            failed = list(self._waiting)
            self._waiting.clear()
        for job in failed:
            self._fail(job, error)

    def _next(self, image: str, *, wait: bool) -> _Job | None:
        """Take the next waiting program for an image; None if there is none, or at the end."""
        with self._changed:
            while wait and not self._waiting and not self._closing:
                self._changed.wait()
            if self._closing:
                return None
            others: list[_Job] = []
            try:
                while self._waiting:
                    job = self._waiting.popleft()
                    if job.image != image:
                        others.append(job)
                    elif job.begun or job.future.set_running_or_notify_cancel():
                        job.begun = True
                        return job
            finally:
                self._waiting.extendleft(reversed(others))
            return None

    def _drive(self, jail: Jail, image: str) -> None:
        """Feed one jail until it is worn out, breaks, has nothing to do, or all is closed."""
        flying: deque[_Job] = deque()
        held: tuple[_Job, bytes] | None = None
        judged = 0
        retire = False
        try:
            while True:
                idle = False
                if held is None and not retire and len(flying) < min(2, self._per_jail - judged):
                    job = self._next(image, wait=not flying)
                    if job is not None:
                        held = job, b""
                        held = job, self._frames(jail, job.program)
                    elif flying:
                        idle = True
                    else:
                        with self._changed:
                            if self._closing or (self._waiting and self._waiting[0].image != image):
                                return
                        continue
                if held is not None and (not flying or len(held[1]) <= PREFETCHED_BYTES):
                    job, data = held
                    held = None
                    flying.append(job)  # before it is sent: a jail may die of that
                    jail.send(data)
                if not flying:
                    if retire:
                        return
                    continue
                room = min(2, self._per_jail - judged)
                if len(flying) < room and held is None and not (retire or idle) and self._waiting:
                    continue
                header, payload = jail.receive(patience(flying[0].program))
                job = flying.popleft()
                if "broken" in header:
                    flying.appendleft(job)
                    raise JailDied(header["broken"])
                judged += 1
                retire = retire or header["recycle"] or judged >= self._per_jail
                if retire and flying:
                    # What was sent ahead is judged elsewhere: this jail is not to be trusted.
                    self._put_back(flying)
                    flying.clear()
                job.payload = payload
                if "unavailable" in header:
                    job.future.set_exception(SandboxUnavailable(header["unavailable"]))
                else:
                    job.future.set_result(verdict_of(header, self.isolation))
                if retire:
                    return
        except JailDied as error:
            self._blame(flying, error)
        except Exception as error:  # a fault of ours: it meets who waits, and the next jail is new
            for job in (*flying, *([held[0]] if held else ())):
                job.future.set_exception(error)
            held = None
        finally:
            if held is not None:
                self._put_back([held[0]])

    def _put_back(self, jobs: Iterable[_Job]) -> None:
        """Give programs back to be judged by another jail."""
        with self._changed:
            if self._closing:
                for job in jobs:
                    self._fail(job, SandboxUnavailable("the executor was closed"))
                return
            self._waiting.extendleft(jobs)
            self._changed.notify_all()

    def _blame(self, flying: deque[_Job], error: JailDied) -> None:
        """A jail died: the program in it is suspected, those behind it are not."""
        if not flying:
            return
        first = flying.popleft()
        first.deaths += 1
        if first.deaths < ATTEMPTS or self._closing:
            flying.appendleft(first)
        else:
            check = CheckResult("sandbox", Status.INFRASTRUCTURE_ERROR, str(error)[:2000])
            verdict = Verdict(check.status, (check,), isolation=self.isolation)
            first.future.set_result(verdict)
        self._put_back(reversed(flying))

    def _frames(self, jail: Jail, program: Program) -> bytes:
        """Return the frames of a program, with the blobs that this jail lacks before it."""
        parts, blobs = [], blobs_of(program)
        for blob in blobs:
            size = jail.blobs.pop(blob.digest, None)
            if size is None:
                parts.append(frame({"blob": blob.digest}, blob.data))
                size = len(blob.data)
            jail.blobs[blob.digest] = size  # now the most recent
        needed = {blob.digest for blob in blobs}
        drops = []
        while sum(jail.blobs.values()) > STORE_BYTES or len(jail.blobs) > STORE_FILES:
            oldest = next((digest for digest in jail.blobs if digest not in needed), None)
            if oldest is None:
                break
            del jail.blobs[oldest]
            drops.append(frame({"drop": oldest}))
        return b"".join((*drops, *parts, encode_program(program)))


def patience(program: Program) -> float:
    """Return after how many seconds without a reply a jail counts as dead."""
    runs = sum(map(runs_of, program.checks))
    if any(getattr(check, "clock", "") == "instructions-sim" for check in program.checks):
        runs *= SLOWNESS
    seconds = runs * (10 * program.limits.wall_seconds + OWN_SECONDS)
    if LANGUAGES[program.language].tool:
        seconds += 2 * 10 * BUILD_SECONDS  # of a reference, too
    return min(seconds, MOST_SECONDS)


def runs_of(check: Check) -> int:
    """Return how many processes of a candidate a check starts at most."""
    if isinstance(check, Stdio):
        return len(check.cases)
    return len(check.names) if isinstance(check, UnitTests) else 1
