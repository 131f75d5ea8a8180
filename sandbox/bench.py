"""Where samples are started, awaited and cleared away, one after the other."""

from __future__ import annotations

import contextlib
import os
import select
import time
from collections.abc import Hashable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from codeeval.sandbox.examiner import Examiner
from codeeval.sandbox.group import ControlGroup, Footing, Growth
from codeeval.sandbox.host import Host, HostGone
from codeeval.sandbox.records import FirstRecord
from codeeval.sandbox.removal import sweep
from codeeval.sandbox.resident import Residents
from codeeval.sandbox.sample import CHUNK, Capture, Order, Sample
from codeeval.sandbox.simulator import Simulator
from codeeval.sandbox.zygote import Zygote, ZygoteDied

__all__ = [
    "GRACE_SECONDS",
    "GRADER_CPU_SECONDS",
    "GRADER_KILLED",
    "GRADER_WALL_SECONDS",
    "NOTHING_COMPLETED",
    "Bench",
    "BrokenJail",
    "Case",
]

TRUSTED_LIMITS = {
    "cpu_seconds": 300.0,
    "wall_seconds": 600.0,
    "memory_bytes": 4 * 2**30,
    "processes": 64,
    "output_bytes": 0,
    "disk_bytes": 64 * 2**20,
    "stack_bytes": 64 * 2**20,
}
GRACE_SECONDS = 0.2
GRADER_CPU_SECONDS = 20
GRADER_WALL_SECONDS = 240.0
GRADER_KILLED = "the process that judges it was killed"
NOTHING_COMPLETED = {"completed": 0, "total": 0, "failures": [], "unloadable": False}


class BrokenJail(Exception):
    """Something of ours died or stayed behind: the program is to be judged in another jail."""


@dataclass(frozen=True, slots=True)
class Case:
    """A program that is being judged."""

    code: int
    """A file with its code."""
    limits: Mapping[str, Any]
    stdout: Capture
    stderr: Capture
    recipe: Mapping[str, Any] | None = None
    """How the code is run, and was compiled, if it is not in Python."""


class Bench:
    """Runs samples.

    Args:
        config: ``users``, ``alone``, ``first_user``, ``root``, ``filter_calls``, ``shared``
            (further directories that samples can write to), ``path`` (of libraries), ``core`` (the
            number of the core on which calls are timed, among those that there are),
            ``temporary`` (a directory that goes with the runner, or nothing), ``modules`` (which a
            zygote needs), ``compilers`` (the texts of those that stay, by name).
        host: Where programs come from.
    """

    def __init__(self, config: Mapping[str, Any], zygote: Zygote, host: Host) -> None:
        self.zygote = zygote
        self.confinement = zygote.confinement
        self.host = host
        self.watched: list[str] = [config["root"], *config["shared"]]
        self.kept = {path: set(os.listdir(path)) for path in self.watched}
        self.group = ControlGroup(alone=self.confinement.alone, folders=self.watched)
        self._known: tuple[tuple[Any, ...], Footing] | None = None
        self.residents = Residents(self.confinement, config["compilers"])
        self.sequence = 0
        self.nothing = os.open("/dev/null", os.O_RDWR)
        self.examiner: Examiner | None = None
        self._config = config
        self._simulator: Simulator | None = None
        self._cores = sorted(os.sched_getaffinity(0))
        self._core = self._cores[config["core"] % len(self._cores)]
        self.empty_seconds: dict[Hashable, float] = {}
        """What a call of nothing seems to take, by each clock."""
        self.programs: dict[bytes, int] = {}
        """References that were compiled: see `builder.built_reference`."""
        self.unfit = False
        """Whether no other candidate can be started here."""

    def quiet(self, code: int) -> Case:
        """Return a trusted program, of whose output nothing is kept."""
        return Case(code, TRUSTED_LIMITS, Capture(0), Capture(0))

    @property
    def _zygotes(self) -> list[int]:
        simulator = self._simulator
        return [self.zygote.pid, *([simulator.zygote.pid] if simulator else [])]

    @property
    def staying(self) -> frozenset[int]:
        """The ids of the processes that stay: those that fork samples, and compilers."""
        return frozenset((*self._zygotes, *self.residents.pids))

    def simulator(self) -> Simulator:
        """Return what counts instructions; started when it is first asked for.

        Raises:
            NoClock: If there is none.
        """
        if self._simulator is None:
            self._simulator = Simulator(self._config, self.confinement)
            self._known = None
            os.sched_setaffinity(self._simulator.zygote.pid, os.sched_getaffinity(0))
        return self._simulator

    @contextlib.contextmanager
    def pinned(self) -> Iterator[None]:
        """Have samples run on one core, and this process, which reads their clocks, as well.

        What the kernel says of the clock of a process that runs on another core lags behind.
        Compilers that stay do nothing meanwhile.
        """
        for pid in (0, *self._zygotes):
            with contextlib.suppress(ProcessLookupError):
                os.sched_setaffinity(pid, {self._core})
        try:
            with self.residents.stopped():
                yield
        finally:
            for pid in (0, *self._zygotes):
                with contextlib.suppress(ProcessLookupError):
                    os.sched_setaffinity(pid, self._cores)

    def start(self, case: Case, order: Order, *, simulated: bool = False) -> Sample:
        """Start a sample; the order's channel is closed here.

        Args:
            case: The program.
            order: What it is to do.
            simulated: Whether it runs on the processor of the `simulator`.

        Raises:
            BrokenJail: If it cannot be forked.
        """
        self.sequence += 1
        try:
            sample = Sample(
                self.simulator().zygote if simulated else self.zygote,
                self.confinement,
                Growth(self.group, self._footing()),
                self.confinement.user(self.sequence),
                case.limits,
                order,
                case.stdout,
                case.stderr,
            )
        except ZygoteDied as error:
            raise BrokenJail(str(error)) from None
        finally:
            os.close(order.channel)
        sample.staying = self.staying
        if self.examiner is not None:
            sample.grader = self.examiner.pid
        return sample

    def _footing(self) -> Footing:
        """Return what is in use before a sample.

        Found out anew if there is another examiner, if anything that stays has come from the host
        or gone, or after a sample that took long enough for more of ours to have changed: for
        each short one it would take too long.
        """
        examiner = self.examiner
        depends = self.host.changes, examiner and examiner.pid, self.residents.changes
        if self._known is None or self._known[0] != depends:
            ours = [os.getpid(), *self.staying, *([examiner.pid] if examiner else [])]
            self._known = depends, self.group.footing(ours)
        return self._known[1]

    def finish(self, sample: Sample) -> bool:
        """End a sample and remove what it left where it may write; whether something is left."""
        clean = sample.finish() and self._is_clean(sample)
        ending = sample.ending
        if sample.looked:
            self._known = None
        if self.group.killed_more() and not ending.limit:
            ending.limit, ending.message = "memory_limit", "used more memory than there is"
        if ending.orphaned:
            if self.confinement.users:
                raise BrokenJail("the zygote died")
            ending.limit, ending.message = "runtime_error", "killed the process that started it"
            clean, self.unfit = False, True
        elif ending.wait_status is None:
            clean, self.unfit = False, True  # it cannot be killed
        elif ending.setup != b"+" and not ending.limit:
            reason = ending.setup.decode("utf-8", "replace") or "it died at once"
            raise BrokenJail(f"a sample could not be set up: {reason}")
        return not clean

    def _is_clean(self, sample: Sample) -> bool:
        for path in self.watched:
            left = set(os.listdir(path)) - self.kept[path]
            if left:
                sweep(self.confinement, sample.user, [os.path.join(path, name) for name in left])
                if set(os.listdir(path)) - self.kept[path]:
                    return False
        return True

    def await_word(self, sample: Sample, channel: int, first: FirstRecord) -> bool:
        """Wait until a sample has said its one word, and end it; whether something is left."""

        def take(data: bytes) -> bool:
            if first.feed(data):
                sample.settles_at = min(sample.settles_at, time.monotonic() + GRACE_SECONDS)
            return False

        sample.watch({channel: take}, self.host.frames)
        left = self.finish(sample)
        os.set_blocking(channel, False)
        with contextlib.suppress(BlockingIOError):
            while data := os.read(channel, CHUNK):
                if first.feed(data):
                    break
        os.close(channel)
        return left

    def _await_examiner(self, examiner: Examiner, patience: float) -> bytes:
        """Wait for a verdict on a candidate that has ended; nothing if none comes."""
        poll = select.poll()
        poll.register(examiner.socket, select.POLLIN)
        poll.register(self.host.frames, 0)
        deadline = time.monotonic() + patience
        enough = examiner.cpu_seconds() + GRADER_CPU_SECONDS
        while time.monotonic() < deadline and examiner.cpu_seconds() < enough:
            ready = [number for number, _ in poll.poll(200)]
            if self.host.frames in ready:
                raise HostGone
            if ready:
                return os.read(examiner.socket.fileno(), CHUNK)
        return b""

    def _without_examiner(self, sample: Sample, examiner: Examiner) -> dict[str, Any]:
        """Dismiss an examiner that has given no verdict, and say what that means."""
        alive = examiner.is_alive()
        self.dismiss()
        if sample.ending.limit or alive:
            status, message = "wrong_answer", "answers that take too long to be examined"
        elif self.confinement.users:
            raise BrokenJail("the examiner died")
        else:
            status, message = "runtime_error", GRADER_KILLED
        return {"status": status, "message": message} | NOTHING_COMPLETED

    def dismiss(self) -> None:
        """End the examiner, if there is one; the next sealed check starts another."""
        if self.examiner is not None:
            self.confinement.kill_all(self.confinement.grader, self.staying)
            with contextlib.suppress(ChildProcessError):  # it was collected with a sample
                os.waitpid(self.examiner.pid, 0)
            self.examiner.socket.close()
            self.examiner = None
