"""A jail from outside: a process or a container with a runner in it, and two streams of bytes."""

from __future__ import annotations

import contextlib
import itertools
import json
import os
import select
import signal
import subprocess
import threading
import time
from collections import deque
from collections.abc import Mapping
from typing import Any, Protocol

from codeeval.sandbox.bundle import start_bytes
from codeeval.sandbox.errors import SandboxError
from codeeval.sandbox.wire import FRAME

__all__ = ["Jail", "JailDied", "ProcessJail", "Stream"]

START_SECONDS = 60.0
STARTED = itertools.count()


class JailDied(SandboxError):
    """The jail ended, or does not answer. What was in it is to be judged again elsewhere."""


class Stream(Protocol):
    """How bytes get into a jail and out of it."""

    def write(self, data: bytes) -> None:
        """Write all of ``data``; raises OSError if the jail is gone."""

    def read(self, seconds: float) -> bytes:
        """Return some bytes; none if the jail has ended; raises TimeoutError."""

    def kill(self) -> None:
        """End the jail; called by any thread, so that one that reads from it sees its end."""

    def close(self) -> str:
        """End the jail and let go of it; return the last that it wrote to its standard error."""


class Jail:
    """A started jail: sends frames and receives replies.

    Args:
        stream: To and from the runner's interpreter, which runs ``bundle.BOOT``.
        config: The runner's configuration.

    Raises:
        JailDied: If the runner does not say hello.
    """

    def __init__(self, stream: Stream, config: dict[str, Any]) -> None:
        self._stream = stream
        self._buffer = bytearray()
        try:
            stream.write(start_bytes({**config, "core": next(STARTED)}))
            self.hello: Mapping[str, Any] = self.receive(START_SECONDS)[0]["hello"]
        except OSError as error:
            raise JailDied(f"the sandbox did not start: {error}; {stream.close()}") from error
        except BaseException:
            stream.close()
            raise
        self.blobs: dict[str, int] = {}

    def send(self, data: bytes) -> None:
        """Write frames.

        Raises:
            JailDied: If the jail is gone.
        """
        try:
            self._stream.write(data)
        except OSError as error:
            raise JailDied(f"the sandbox ended: {error}") from error

    def receive(self, seconds: float) -> tuple[dict[str, Any], bytes]:
        """Return the next reply: header and payload.

        Raises:
            JailDied: If the jail is gone, or says nothing for ``seconds``.
        """
        deadline = time.monotonic() + seconds
        sizes = FRAME.unpack(self._take(FRAME.size, deadline))
        header_bytes, payload = self._take(sizes[0], deadline), self._take(sizes[1], deadline)
        try:
            header: dict[str, Any] = json.loads(header_bytes)
        except ValueError as error:
            raise JailDied(f"the sandbox talks nonsense: {error}") from error
        return header, payload

    def _take(self, size: int, deadline: float) -> bytes:
        buffer = self._buffer
        while len(buffer) < size:
            try:
                data = self._stream.read(max(0.0, deadline - time.monotonic()))
            except TimeoutError:
                raise JailDied("the sandbox does not answer") from None
            except OSError as error:
                raise JailDied(f"the sandbox ended: {error}") from error
            if not data:
                raise JailDied(f"the sandbox ended; {self._stream.close()}")
            buffer += data
        part = bytes(buffer[:size])
        del buffer[:size]
        return part

    def kill(self) -> None:
        """End the jail at once, with everything in it; whoever waits for it sees it die."""
        self._stream.kill()

    def close(self) -> None:
        """End the jail and let go of it; for the thread that reads from it."""
        self._stream.close()


class ProcessJail:
    """The stream to a child process.

    Args:
        command: Its command line.
        environment: Its whole environment.
    """

    def __init__(self, command: list[str], environment: Mapping[str, str]) -> None:
        self._process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=dict(environment),
            start_new_session=True,
        )
        assert self._process.stdin
        assert self._process.stdout
        assert self._process.stderr
        self._stdin = self._process.stdin.fileno()
        self._stdout = self._process.stdout.fileno()
        self._stderr = self._process.stderr.fileno()
        os.set_blocking(self._stderr, False)
        self._poll = select.poll()
        self._poll.register(self._stdout, select.POLLIN)
        self._poll.register(self._stderr, select.POLLIN)
        self._said: deque[bytes] = deque(maxlen=16)
        self._closed = False
        self._ending = threading.Lock()

    @property
    def pid(self) -> int:
        """The id of the child process."""
        return self._process.pid

    def write(self, data: bytes) -> None:
        """Write all of ``data``."""
        if self._closed:
            raise BrokenPipeError("it was closed")
        view = memoryview(data)
        while view:
            view = view[os.write(self._stdin, view) :]

    def read(self, seconds: float) -> bytes:
        """Return some bytes of its standard output."""
        deadline = time.monotonic() + seconds
        while not self._closed:
            events = self._poll.poll(max(0.0, deadline - time.monotonic()) * 1000)
            if not events:
                raise TimeoutError
            for descriptor, _ in events:
                if descriptor == self._stdout:
                    data = os.read(self._stdout, 1 << 16)
                    if not data:
                        self._listen()
                    return data
                self._listen()
        return b""

    def _listen(self) -> None:
        """Keep the last of what it writes to its standard error."""
        try:
            data = os.read(self._stderr, 4096)
        except OSError:
            return
        if data:
            self._said.append(data)
        else:
            with contextlib.suppress(KeyError):  # its end was seen before
                self._poll.unregister(self._stderr)

    def kill(self) -> None:
        """Kill it; its end is seen by `read`."""
        with self._ending:
            if not self._closed:
                self._kill()

    def _kill(self) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)

    def close(self) -> str:
        """Kill it, wait for its end, close its streams."""
        with self._ending:
            if not self._closed:
                self._closed = True
                with contextlib.suppress(KeyError):
                    self._listen()
                self._kill()
                self._process.wait()
                for stream in (self._process.stdin, self._process.stdout, self._process.stderr):
                    if stream is not None:
                        with contextlib.suppress(OSError):
                            stream.close()
        return b"".join(self._said).decode("utf-8", "backslashreplace")[-2000:].strip()
