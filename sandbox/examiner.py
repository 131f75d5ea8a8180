"""Tests that never meet the candidate: they run here, and call it by value in another process.

An examiner is a long-lived process under a user of its own. For each candidate it runs the trusted
reference and the tests in a fresh namespace, in which the functions that the tests call are
stand-ins: a call sends its arguments to the candidate's process and returns what comes back, as
plain data. Changed arguments, exceptions and iterators behave as in one process.
"""

from __future__ import annotations

import builtins
import contextlib
import gc
import json
import marshal
import os
import socket
import time
from collections import OrderedDict, deque
from collections.abc import Callable, Iterator
from types import CodeType
from typing import Any

from codeeval.sandbox.candidate import describe, failing_line, kind_of
from codeeval.sandbox.codec import decode, encode, encode_plain
from codeeval.sandbox.confine import Confinement
from codeeval.sandbox.grading import failure_of, limit_memory
from codeeval.sandbox.records import FAILED, READY, VALUE, RecordReader, printable, write_record
from codeeval.sandbox.trees import MUTABLE, Malformed, Numpy, Unencodable, containers, form

__all__ = ["Examiner"]

REMEMBERED = 256
READ_BYTES = 1 << 16
VERDICT_BYTES = 1 << 16


class Gone(BaseException):
    """The candidate ended in the middle of its examination; why is known outside."""


class Unsealable(BaseException):
    """The tests ask for something that cannot be done by value."""


class CandidateError(Exception):
    """An exception of the candidate whose type exists on its side only."""


class Examiner:
    """An examiner as the runner sees it.

    Args:
        confinement: Gives it its user.
    """

    def __init__(self, confinement: Confinement) -> None:
        self.socket, other = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.pid = os.fork()
        if self.pid == 0:
            try:
                os.dup2(other.fileno(), 3)
                null = os.open("/dev/null", os.O_RDWR)
                for descriptor in (0, 1, 2):
                    os.dup2(null, descriptor)
                os.closerange(4, 4096)
                confinement.become(confinement.grader)
                limit_memory()
                gc.enable()
                serve(socket.socket(fileno=3))
            finally:
                os._exit(0)
        other.close()
        self._clock = ~self.pid << 3 | 2

    def cpu_seconds(self) -> float:
        """Return the CPU time that it has used so far; 0 if it has died."""
        try:
            return time.clock_gettime(self._clock)
        except OSError:
            return 0.0

    def is_alive(self) -> bool:
        """Whether it has not ended."""
        try:
            flags = os.WEXITED | os.WNOHANG | os.WNOWAIT
            return os.waitid(os.P_PID, self.pid, flags) is None
        except ChildProcessError:
            return False

    def examine(self, tests: int, digest: str, channel: int, requests: int) -> None:
        """Begin to examine a candidate; the verdict comes through the socket, as JSON.

        Args:
            tests: Descriptor of the file with the reference, the tests and the names to stand in.
            digest: The name of its content.
            channel: What the candidate sends its records through; closed here.
            requests: What it takes calls from; closed here.
        """
        with contextlib.suppress(OSError):  # it died: no verdict will come
            socket.send_fds(self.socket, [digest.encode()], [tests, channel, requests])
        os.close(channel)
        os.close(requests)


def serve(connection: socket.socket) -> None:
    """Examine candidates until nobody asks any more."""
    known: OrderedDict[str, _Tests] = OrderedDict()
    while True:
        digest_bytes, descriptors, _, _ = socket.recv_fds(connection, 256, 3)
        if not digest_bytes:
            return
        file, channel, requests = descriptors
        digest = digest_bytes.decode()
        tests = known.pop(digest, None) or _Tests(file)
        known[digest] = tests
        if len(known) > REMEMBERED:
            known.popitem(last=False)
        verdict = examine(tests, Remote(channel, requests, tests.numpy))
        for descriptor in descriptors:
            os.close(descriptor)
        connection.send(json.dumps(verdict).encode()[:VERDICT_BYTES])


class _Tests:
    """The compiled reference and tests of one problem."""

    def __init__(self, file: int) -> None:
        data, size = [], 0
        while part := os.pread(file, 1 << 20, size):
            data.append(part)
            size += len(part)
        reference, self.text, self.names = marshal.loads(b"".join(data))
        # Only tests that use numpy can tell its numbers from others.
        self.numpy: Numpy = "real" if "numpy" in reference + self.text else "numbers"
        self.reference: CodeType = compile(reference, "<setup>", "exec", dont_inherit=True)
        self.tests: CodeType = compile(self.text, "<tests>", "exec", dont_inherit=True)


def examine(tests: _Tests, remote: Remote) -> dict[str, Any]:
    """Run the tests against a candidate; return the verdict."""
    status, message, unloadable = "passed", "", False
    try:
        failure = remote.begin()
        if failure is not None:
            (status, message), unloadable = failure_of(failure), True
        else:
            namespace: dict[str, Any] = {}
            exec(tests.reference, namespace)
            for name in tests.names:
                namespace[name] = remote.function(name)
            exec(tests.tests, namespace)
    except Gone:
        status = "ended"
    except Unsealable as error:
        status, message = "runtime_error", f"cannot be sealed: {error}"
    except BaseException as error:
        status = kind_of(error, loading=False)
        message = f"{describe(error)}{failing_line(error, tests.text)}"[:4000]
    if remote.gone:
        status, message = "ended", ""
    return {
        "status": status,
        "message": printable(message),
        "completed": int(status == "passed"),
        "total": 1,
        "failures": [] if status == "passed" else [0],
        "unloadable": unloadable,
    }


class Remote:
    """The candidate's process, from the examiner's side.

    Args:
        channel: Its records come from here.
        requests: Calls go in here.
        numpy: What to make of what is numpy's in answers; see `codeeval.sandbox.trees.untagged`.
    """

    def __init__(self, channel: int, requests: int, numpy: Numpy) -> None:
        self._channel, self._requests, self._numpy = channel, requests, numpy
        self.gone = False
        """Whether the candidate ended while it was asked; the tests may have made light of that."""
        self._reader = RecordReader()
        self._records: list[tuple[int, bytes]] = []

    def begin(self) -> bytes | None:
        """Wait until its code has run; return what it says of its failure, if it failed."""
        kind, data = self._record()
        if kind == FAILED:
            return data
        if kind != READY:
            raise Gone
        return None

    def _record(self) -> tuple[int, bytes]:
        while not self._records:
            data = os.read(self._channel, READ_BYTES)
            if not data:
                self.gone = True
                raise Gone
            self._records = self._reader.feed(data)
            if self._reader.broken and not self._records:
                raise CandidateError("answers that cannot be read")
        return self._records.pop(0)

    def function(self, name: str) -> Callable[..., Any]:
        """Return a function that stands in for the candidate's of this name."""

        def stand_in(*args: Any, **kwargs: Any) -> Any:
            return self._call(name, args, kwargs)

        stand_in.__name__ = stand_in.__qualname__ = name
        return stand_in

    def _call(self, name: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        how = form((args, kwargs))
        if not how:
            raise Unsealable(f"arguments of {name!r} that are no plain data")
        try:
            call = name, args, kwargs
            request = encode_plain(call) if how == "plain" else encode(call, shared=True)
        except Unencodable as error:
            raise Unsealable(f"arguments of {name!r}: {error}") from None
        kind, value, changed = self._ask(request)
        if changed is not None:
            value = restore(containers((args, kwargs)), changed, value)
        if kind == "a":
            named = list(args) + list(kwargs.values())
            if type(value) is int and 0 <= value < len(named):
                return named[value]
            raise CandidateError("an answer that cannot be read")
        return self._value(kind, value)

    def _ask(self, request: bytes) -> tuple[str, Any, Any]:
        """Send a request; return the three parts of the answer."""
        try:
            write_record(self._requests, VALUE, request)
        except BrokenPipeError:
            self.gone = True
            raise Gone from None
        kind, data = self._record()
        if kind == FAILED:
            status, message = failure_of(data)
            raise MemoryError(message) if status == "memory_limit" else CandidateError(message)
        try:
            answer = decode(data, shared=True, numpy=self._numpy) if kind == VALUE else None
        except (Malformed, RecursionError) as error:
            raise CandidateError(f"an answer that cannot be read: {error}") from None
        if type(answer) is not tuple or len(answer) != 3:
            raise CandidateError("an answer that cannot be read")
        return answer

    def _value(self, kind: str, value: Any) -> Any:
        """Return or raise what an answer says."""
        if kind == "v":
            return value
        if kind == "i":
            return self._iterate(value)
        if kind == "e" and type(value) is tuple and len(value) == 3:
            raise rebuilt(*value)
        raise CandidateError("an answer that cannot be read")

    def _iterate(self, handle: Any) -> Iterator[Any]:
        """Yield the items of an iterator that lives in the candidate."""
        while True:
            kind, value, _ = self._ask(encode_plain(("", handle, {})))
            if kind == "s":
                return
            yield self._value(kind, value)


def rebuilt(name: Any, message: Any, args: Any) -> BaseException:
    """Return an exception like the candidate's: of the same type, if that is a builtin one."""
    kind = getattr(builtins, name, None) if type(name) is str else None
    if isinstance(kind, type) and issubclass(kind, BaseException):
        try:
            return kind(*args) if type(args) is tuple else kind(message)
        except Exception:
            return CandidateError(f"{name}: {message}")
    return CandidateError(str(message))


def restore(olds: list[Any], news: Any, value: Any) -> Any:
    """Give containers the content that they have in the candidate now.

    Args:
        olds: The containers as they are here.
        news: The same containers, copied from there.
        value: What came with them; it may hold some of them.

    Returns:
        The value, with the old ones in place of the copies.
    """
    if type(news) is not list or len(news) != len(olds):
        raise CandidateError("an answer that cannot be read")
    known = {id(new): old for old, new in zip(olds, news, strict=True) if is_alike(old, new)}
    tuples: dict[int, tuple[Any, Any]] = {}

    def here(item: Any) -> Any:
        if id(item) in known:
            return known[id(item)]
        if type(item) is not tuple:
            return item
        if id(item) not in tuples:
            tuples[id(item)] = item, tuple(map(here, item))
        return tuples[id(item)][1]

    for new in containers([news, value]):
        if new is not news:
            fill(known.get(id(new), new), new, here)
    return here(value)


def fill(target: Any, new: Any, here: Callable[[Any], Any]) -> None:
    """Give a container the content of another, or of itself, with the parts that are here."""
    kind = type(new)
    if kind in (list, deque):
        content = list(map(here, new))
        target.clear()
        target.extend(content)
    elif kind is dict:
        pairs = {here(key): here(item) for key, item in new.items()}
        target.clear()
        target.update(pairs)
    elif target is new:
        return
    elif kind is set:
        target.clear()
        target.update(new)
    else:
        target[:] = new


def is_alike(old: Any, new: Any) -> bool:
    """Whether one container can be given the content of the other."""
    if type(old) is not type(new):
        return False
    if type(old) in MUTABLE:
        return True
    return bool((old.shape, old.dtype) == (new.shape, new.dtype))
