"""The runner: the program inside every jail. It judges one program after the other.

It is a zygote: it has imported what programs commonly need, and forks for each check. It speaks
frames over its standard input and output (see `codeeval.sandbox.wire`), keeps what programs share
in files that only it can read, and says when the jail is to be thrown away.
"""

from __future__ import annotations

import contextlib
import gc
import json
import marshal
import os
import select
import signal
import struct
import sys
import time
from collections.abc import Callable, Mapping
from typing import Any

from codeeval.sandbox.candidate import run_asserts, run_calls, run_script
from codeeval.sandbox.confine import Confinement, become_subreaper
from codeeval.sandbox.grader import Judge, stdio_matches
from codeeval.sandbox.records import (
    DIGEST,
    ENDED,
    FAILED,
    RAISED,
    READY,
    VALUE,
    RecordReader,
)
from codeeval.sandbox.sample import CHUNK, Capture, Sample, sweep

__all__ = ["main"]

FRAME = struct.Struct(">II")
PRELOADED = (
    "bisect",
    "collections",
    "copy",
    "dataclasses",
    "datetime",
    "decimal",
    "fractions",
    "functools",
    "heapq",
    "itertools",
    "math",
    "operator",
    "random",
    "re",
    "statistics",
    "string",
    "typing",
)
SAID_BY_CANDIDATE = ("wrong_answer", "runtime_error", "syntax_error", "memory_limit")
STDIO_BYTES = 16 * 2**20
GRADER_SECONDS = 120.0
GRACE_SECONDS = 0.2


class BrokenJail(Exception):
    """Something of ours died or stayed behind: the program is to be judged in another jail."""


class Runner:
    """Judges the programs that come in frames.

    Args:
        config: ``users``, ``first_user``, ``root``, ``filter_calls``, ``store``, ``shared``
            (further directories that samples can write to), ``path`` (of libraries).
        frames: Descriptor that frames come from.
        replies: Descriptor that replies go to.
    """

    def __init__(self, config: Mapping[str, Any], frames: int, replies: int) -> None:
        self.confinement = Confinement(
            users=config["users"],
            first_user=config["first_user"],
            root=config["root"],
            filter_calls=config["filter_calls"],
        )
        self.frames, self.replies = frames, replies
        self.store: str = config["store"]
        self.watched: list[str] = [config["root"], *config["shared"]]
        os.makedirs(self.store, mode=0o700, exist_ok=True)
        self.kept = {path: set(os.listdir(path)) for path in self.watched}
        self.sequence = 0

    def read(self, size: int) -> bytes:
        """Read ``size`` bytes of the frames; end with them."""
        parts = []
        while size:
            data = os.read(self.frames, min(size, 1 << 20))
            if not data:
                os._exit(0)
            parts.append(data)
            size -= len(data)
        return b"".join(parts)

    def reply(self, header: Mapping[str, Any], payload: bytes = b"") -> None:
        """Write one frame."""
        text = json.dumps(header).encode()
        data = memoryview(FRAME.pack(len(text), len(payload)) + text + payload)
        while data:
            data = data[os.write(self.replies, data) :]

    def serve(self) -> None:
        """Answer frames until they end."""
        while True:
            header_size, payload_size = FRAME.unpack(self.read(FRAME.size))
            header = json.loads(self.read(header_size))
            payload = self.read(payload_size)
            if "blob" in header:
                with open(os.open(self._path(header["blob"]), _CREATE, 0o600), "wb") as file:
                    file.write(payload)
            elif "drop" in header:
                os.unlink(self._path(header["drop"]))
            else:
                self.reply(*self.judge(header, payload))

    def _path(self, digest: str) -> str:
        return os.path.join(self.store, digest)

    def _blob(self, digest: str) -> bytes:
        with open(self._path(digest), "rb") as file:
            return file.read()

    def judge(self, header: Mapping[str, Any], payload: bytes) -> tuple[dict[str, Any], bytes]:
        """Judge one program; return the reply's header and payload."""
        source = payload.decode("utf-8", "surrogatepass")
        limits = header["limits"]
        reply: dict[str, Any] = {"results": [], "recycle": False}
        stdout, stderr = Capture(limits["output_bytes"]), Capture(limits["output_bytes"])
        outputs = b""
        for check in header["checks"]:
            judge_check: Callable[..., dict[str, Any]] = getattr(self, "_judge_" + check["kind"])
            try:
                result = judge_check(check, source, limits, stdout, stderr)
            except BrokenJail as error:
                return {"broken": str(error)}, b""
            outputs = result.pop("outputs", b"")
            reply["recycle"] |= result.pop("recycle")
            unloadable = result.pop("unloadable", False)
            reply["results"].append({"name": check["name"], **result})
            if unloadable:  # what cannot be loaded fails every check alike
                names = [other["name"] for other in header["checks"]]
                reply["results"] = [{**result, "name": name} for name in names]
                break
        for name, stream in (("stdout", stdout), ("stderr", stderr)):
            reply[name] = stream.text()
            reply["truncated"] = reply.get("truncated", False) or stream.truncated
        return reply, outputs

    def _start(
        self,
        limits: Mapping[str, Any],
        body: Callable[[], None],
        channel: int,
        stdout: Capture,
        stderr: Capture,
        stdin: int | None = None,
    ) -> Sample:
        self.sequence += 1
        return Sample(
            self.confinement,
            self.sequence,
            limits,
            body,
            channel=channel,
            stdout=stdout,
            stderr=stderr,
            stdin=stdin,
        )

    def _is_clean(self, sample: Sample) -> bool:
        """Remove what the sample left where it may write; whether nothing is left."""
        for path in self.watched:
            left = set(os.listdir(path)) - self.kept[path]
            if left:
                sweep(self.confinement, sample.user, [os.path.join(path, name) for name in left])
                if set(os.listdir(path)) - self.kept[path]:
                    return False
        return True

    def _judge_asserts(
        self,
        check: Mapping[str, Any],
        source: str,
        limits: Mapping[str, Any],
        stdout: Capture,
        stderr: Capture,
    ) -> dict[str, Any]:
        """Run tests in the candidate's process; only the nonce at the end is a pass."""
        nonce = os.urandom(16)
        reader, records = RecordReader(), list[tuple[int, bytes]]()
        channel, channel_end = os.pipe()

        def body() -> None:
            run_asserts(source, check["setup"], check["tests"], 3, nonce)

        def take(data: bytes) -> bool:
            if not records:
                records.extend(reader.feed(data))
            return False

        sample = self._start(limits, body, channel_end, stdout, stderr)
        sample.watch({channel: take})
        recycle = not (sample.finish() and self._is_clean(sample))
        os.set_blocking(channel, False)
        with contextlib.suppress(BlockingIOError):
            take(os.read(channel, CHUNK))
        os.close(channel)
        status, message, loading = conclude(sample, records, nonce)
        return {
            "status": status,
            "message": message,
            "completed": int(status == "passed"),
            "total": 1,
            "failures": [] if status == "passed" else [0],
            "sealed": False,
            "usage": sample.ending.usage(),
            "recycle": recycle,
            "unloadable": loading,
        }

    def _judge_calls(
        self,
        check: Mapping[str, Any],
        source: str,
        limits: Mapping[str, Any],
        stdout: Capture,
        stderr: Capture,
    ) -> dict[str, Any]:
        """Call the candidate in one process, compare in another, under another user."""
        inputs = self._blob(check["inputs"])
        channel, channel_end = os.pipe()
        verdict_end, report = os.pipe()
        said = bytearray()

        def body() -> None:
            run_calls(source, check["entry_point"], inputs, 3, keep_going=check["all_failures"])

        sample = self._start(limits, body, channel_end, stdout, stderr)
        grader = os.fork()
        if grader == 0:
            self._grade(check, inputs, channel, report, sample)
        os.close(channel)
        os.close(report)

        def take(data: bytes) -> bool:
            said.extend(data)
            if data or not said:
                return False
            if json.loads(said)["status"] == "passed":
                sample.settles_at = time.monotonic() + GRACE_SECONDS
                return False
            return True

        sample.watch({verdict_end: take})
        recycle = not (sample.finish(grader) and self._is_clean(sample))
        verdict = self._grader_verdict(sample, grader, verdict_end, said)
        # A limit that was reached only after the last right answer takes nothing back.
        if verdict["status"] == "ended" or (sample.ending.limit and verdict["status"] != "passed"):
            verdict["status"], verdict["message"] = sample.ending.describe()
        return {**verdict, "sealed": True, "usage": sample.ending.usage(), "recycle": recycle}

    def _grader_verdict(
        self, sample: Sample, grader: int, descriptor: int, said: bytearray
    ) -> dict[str, Any]:
        """Wait for the grader's verdict; a grader that was killed is no verdict."""
        deadline = time.monotonic() + GRADER_SECONDS
        poll = select.poll()
        poll.register(descriptor, select.POLLIN)
        while time.monotonic() < deadline:
            if poll.poll(1000):
                data = os.read(descriptor, CHUNK)
                if not data:
                    break
                said.extend(data)
        os.close(descriptor)
        if sample.grader_status is None:
            self.confinement.kill_all(self.confinement.grader)
            sample.grader_status = os.waitpid(grader, 0)[1]
        try:
            verdict: dict[str, Any] = json.loads(said)
        except ValueError:
            raise BrokenJail(f"the grader ended with wait status {sample.grader_status}") from None
        return verdict

    def _grade(
        self, check: Mapping[str, Any], inputs: bytes, channel: int, report: int, sample: Sample
    ) -> None:
        """Be the grader: read the answers, compare, write the verdict; never returns."""
        try:
            expected, seconds = marshal.loads(self._blob(check["expected"]))
            self.confinement.become(self.confinement.grader)
            signal.alarm(0)
            verdict = Grading(check, marshal.loads(inputs), expected, seconds, sample).run(channel)
            data = memoryview(json.dumps(verdict).encode())
            while data:
                data = data[os.write(report, data) :]
        except BaseException as error:
            os.write(2, f"grader: {type(error).__name__}: {error}\n".encode())
            os._exit(70)
        os._exit(0)

    def _judge_outputs(
        self,
        check: Mapping[str, Any],
        source: str,
        limits: Mapping[str, Any],
        stdout: Capture,
        stderr: Capture,
    ) -> dict[str, Any]:
        """Run a trusted reference and hand back its outputs, with the CPU time of each call."""
        inputs = self._blob(check["inputs"])
        total = len(marshal.loads(inputs))
        channel, channel_end = os.pipe()
        reader, outputs, seconds = RecordReader(), list[bytes](), list[float]()
        failure = list[bytes]()
        last_cpu = 0.0

        def body() -> None:
            run_calls(source, check["entry_point"], inputs, 3, keep_going=False)

        def take(data: bytes) -> bool:
            nonlocal last_cpu
            records = reader.feed(data)
            if not records:
                return False
            cpu = sample.cpu_seconds() or last_cpu
            for kind, value in records:
                if kind == READY:
                    continue
                if kind in (FAILED, RAISED):
                    failure.append(value)
                    return True
                outputs.append(b"h" + value if kind == DIGEST else value)
                seconds.append(max(0.0, cpu - last_cpu) / len(records))
            last_cpu = cpu
            return False

        sample = self._start(limits, body, channel_end, stdout, stderr)
        sample.watch({channel: take})
        recycle = not (sample.finish() and self._is_clean(sample))
        while data := os.read(channel, CHUNK):
            take(data)
        os.close(channel)
        status, message = "passed", ""
        if failure:
            status, _, message = failure[0].decode("utf-8", "replace").partition("\n")
        elif len(outputs) < total:
            status, message = sample.ending.describe()
        return {
            "status": status,
            "message": message,
            "completed": len(outputs),
            "total": total,
            "failures": [],
            "sealed": True,
            "usage": sample.ending.usage(),
            "recycle": recycle,
            "outputs": marshal.dumps((outputs, seconds), 2),
        }

    def _judge_stdio(
        self,
        check: Mapping[str, Any],
        source: str,
        limits: Mapping[str, Any],
        stdout: Capture,
        stderr: Capture,
    ) -> dict[str, Any]:
        """Run the candidate as a script on each input; compare what it printed, outside of it."""
        result: dict[str, Any] = {"status": "passed", "message": "", "completed": 0}
        failures, recycle = list[int](), False
        usage = {"wall_seconds": 0.0, "cpu_seconds": 0.0, "memory_bytes": 0, "waiting_seconds": 0.0}
        for number, (text, expected) in enumerate(check["cases"]):
            printed = Capture(2 * STDIO_BYTES)
            sample, records = self._run_script(source, text, limits, printed, stderr)
            recycle |= not (sample.finish() and self._is_clean(sample))
            status, message, _ = conclude(sample, records, b"")
            printed_text = printed.data()
            stdout.feed(printed_text[: limits["output_bytes"]])
            if status == "passed" and printed.truncated:
                status, message = "output_limit", f"printed {printed.size} bytes"
            elif status == "passed" and not self._matches(printed_text, expected):
                status = "wrong_answer"
                shown = printed_text[:200].decode("utf-8", "backslashreplace")
                message = f"printed {shown!r}, expected {expected[:200]!r}"
            for key, value in sample.ending.usage().items():
                usage[key] = max(usage[key], value) if key == "memory_bytes" else usage[key] + value
            if status != "passed":
                failures.append(number)
                if result["status"] == "passed":
                    result["status"], result["message"] = status, f"test {number}: {message}"
                if not check["all_failures"]:
                    break
            result["completed"] = number + 1
            if recycle:
                break
        if recycle and result["status"] == "passed" and result["completed"] < len(check["cases"]):
            raise BrokenJail("a sample left something behind in the middle of its tests")
        return {
            **result,
            "total": len(check["cases"]),
            "failures": failures,
            "sealed": True,
            "usage": usage,
            "recycle": recycle,
        }

    def _run_script(
        self, source: str, text: str, limits: Mapping[str, Any], stdout: Capture, stderr: Capture
    ) -> tuple[Sample, list[tuple[int, bytes]]]:
        """Run a script on one input to its end."""
        stdin = os.memfd_create("stdin")
        os.write(stdin, text.encode("utf-8", "surrogatepass")) if text else None
        os.lseek(stdin, 0, os.SEEK_SET)
        channel, channel_end = os.pipe()
        reader, records = RecordReader(), list[tuple[int, bytes]]()

        def take(data: bytes) -> bool:
            if not records:
                records.extend(reader.feed(data))
            return False

        sample = self._start(
            limits, lambda: run_script(source, 3), channel_end, stdout, stderr, stdin
        )
        os.close(stdin)
        sample.watch({channel: take})
        os.set_blocking(channel, False)
        with contextlib.suppress(BlockingIOError):
            take(os.read(channel, CHUNK))
        os.close(channel)
        return sample, records

    def _matches(self, printed: bytes, expected: str) -> bool:
        """Compare in a child: hostile output costs its time and memory, not ours."""
        if printed.strip() == expected.strip().encode("utf-8", "surrogatepass"):
            return True
        child = os.fork()
        if child == 0:
            code = 1
            try:
                signal.alarm(20)
                self.confinement.become(self.confinement.grader)
                code = 0 if stdio_matches(printed, expected) else 1
            finally:
                os._exit(code)
        return os.waitpid(child, 0)[1] == 0


_CREATE = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC


def conclude(
    sample: Sample, records: list[tuple[int, bytes]], nonce: bytes
) -> tuple[str, str, bool]:
    """Return status, message and whether the code did not even load, from a sample's end."""
    if sample.ending.limit:
        return *sample.ending.describe(), False
    if records and records[0] == (ENDED, nonce):
        return "passed", "", False
    if records and records[0][0] == FAILED:
        status, message = failure_of(records[0][1])
        return status, message, status == "syntax_error"
    return *sample.ending.describe(), False


def failure_of(data: bytes) -> tuple[str, str]:
    """Read what a candidate says of its failure; it can say nothing but a failure."""
    status, _, message = data.decode("utf-8", "replace").partition("\n")
    return (status if status in SAID_BY_CANDIDATE else "runtime_error"), message[:4400]


class Grading:
    """Reads a candidate's answers and decides. Runs in the grader's process."""

    def __init__(
        self,
        check: Mapping[str, Any],
        inputs: list[bytes],
        expected: list[bytes],
        seconds: list[float],
        sample: Sample,
    ) -> None:
        self.sample = sample
        self.expected = expected
        self.limits = [
            max(check["minimum_seconds"], check["time_factor"] * second) for second in seconds
        ]
        self.keep_going: bool = check["all_failures"]
        self.judge = Judge(check["oracle"], check["atol"], expected, inputs)
        self.completed = 0
        self.failures: list[int] = []
        self.first: tuple[str, str] | None = None
        self.ready = False

    def run(self, channel: int) -> dict[str, Any]:
        """Read answers until they end or are settled; return the verdict."""
        reader = RecordReader()
        poll = select.poll()
        poll.register(channel, select.POLLIN)
        spent, total = 0.0, len(self.expected)
        while self.completed < total:
            if not poll.poll(100):
                cpu = self.sample.cpu_seconds()
                if self.ready and cpu - spent > self.limits[self.completed]:
                    limit = self.limits[self.completed]
                    self._fail("timeout", f"took longer than its limit of {limit:g} CPU seconds")
                    return self._verdict()
                continue
            data = os.read(channel, 1 << 20)
            if not data:
                break
            for kind, value in reader.feed(data):
                if not self._take(kind, value):
                    return self._verdict()
            if reader.broken:
                self._fail("wrong_answer", "answers that cannot be read")
                return self._verdict()
            spent = self.sample.cpu_seconds() or spent
            if self.completed < total:
                time.sleep(0.001)  # let some answers come together
        return self._verdict()

    def _take(self, kind: int, value: bytes) -> bool:
        """Judge one record; False if it settles the verdict."""
        if kind == READY and not self.ready:
            self.ready = True
            return True
        if kind == FAILED and not self.ready:
            self.first = failure_of(value)
            self.failures.append(0)
            self.unloadable = True
            return False
        if not self.ready or self.completed >= len(self.expected):
            self._fail("wrong_answer", "an answer that nobody asked for")
            return False
        number = self.completed
        if kind == RAISED:
            return self._fail(*failure_of(value))
        if kind == DIGEST:
            message = (
                None if self.expected[number] == b"h" + value else "a large output that differs"
            )
        elif kind == VALUE:
            message = self.judge.judge(number, value)
        else:
            message = "an answer of an unknown kind"
        if message is not None:
            return self._fail("wrong_answer", message)
        self.completed += 1
        return True

    unloadable = False

    def _fail(self, status: str, message: str) -> bool:
        """Note a failure of the current call; whether to go on."""
        if self.first is None:
            self.first = status, f"call {self.completed}: {message}"
        self.failures.append(self.completed)
        self.completed += 1
        return self.keep_going and status != "timeout"

    def _verdict(self) -> dict[str, Any]:
        total = len(self.expected)
        if self.first is not None:
            status, message = self.first
        elif self.completed == total and self.ready:
            status, message = "passed", ""
        else:
            status, message = "ended", ""
        return {
            "status": status,
            "message": message,
            "completed": min(self.completed, total) if not self.unloadable else 0,
            "total": total,
            "failures": self.failures or ([] if status == "passed" else [self.completed]),
            "unloadable": self.unloadable,
        }


def probe(confinement: Confinement) -> dict[str, Any]:
    """Say what this jail gives: for the doctor, and for whoever reads a verdict."""
    with open("/proc/self/status") as file:
        facts = dict(line.split(":\t", 1) for line in file if ":\t" in line)
    return {
        "python": sys.version.split()[0],
        "users": confinement.users,
        "filter_calls": confinement.filters_calls,
        "capabilities": facts.get("CapEff", "").strip(),
        "no_new_privileges": facts.get("NoNewPrivs", "").strip(),
        "seccomp": facts.get("Seccomp", "").strip(),
        "pid": os.getpid(),
    }


def main() -> None:
    """Take the configuration from the first frame, say hello, then serve."""
    frames, replies = os.dup(0), os.dup(1)
    null = os.open("/dev/null", os.O_RDWR)
    os.dup2(null, 0)
    os.dup2(2, 1)
    for descriptor in (frames, replies):
        os.set_inheritable(descriptor, False)
    size = FRAME.unpack(_exactly(frames, FRAME.size))[0]
    config = json.loads(_exactly(frames, size))
    sys.path[:] = [entry for entry in sys.path if entry] + config["path"]
    for name in PRELOADED:
        __import__(name)
    become_subreaper()
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    runner = Runner(config, frames, replies)
    gc.collect()
    gc.freeze()
    gc.disable()
    runner.reply({"hello": probe(runner.confinement)})
    runner.serve()


def _exactly(descriptor: int, size: int) -> bytes:
    data = b""
    while len(data) < size:
        part = os.read(descriptor, size - len(data))
        if not part:
            os._exit(0)
        data += part
    return data
