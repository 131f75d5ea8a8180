"""SIGINT and SIGTERM: the first one ends an evaluation cleanly, the second one at once."""

from __future__ import annotations

import os
import signal
import threading
from types import FrameType, TracebackType
from typing import Any, Self

from codeeval.cli.exit import Stopped
from codeeval.cli.voice import warn

__all__ = ["Stopper"]

GRACE_SECONDS = 25.0
"""An evaluation that has not ended by then is cut off: results are on disk as soon as they are."""


class Stopper:
    """A context in which signals stop an evaluation.

    Attributes:
        event: Set by the first signal, for the evaluation to end itself.
        signal: The signal, or 0.
    """

    def __init__(self) -> None:
        self.event = threading.Event()
        self.signal = 0
        self._begun = False
        self._cut: threading.Timer | None = None
        self._before: dict[int, Any] = {}

    def __enter__(self) -> Self:
        if threading.current_thread() is threading.main_thread():
            for number in (signal.SIGINT, signal.SIGTERM):
                self._before[number] = signal.signal(number, self._handle)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._cut is not None:
            self._cut.cancel()
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def check(self) -> None:
        """Do nothing, unless a signal came.

        Raises:
            Stopped: If one did.
        """
        if self.signal:
            raise Stopped(self.signal, "stopped; the same command goes on from there")

    def begin(self) -> None:
        """Say that jails may be running from now on: an exception would leave them behind."""
        self._begun = True

    def _handle(self, number: int, frame: FrameType | None) -> None:
        if self.signal:
            os._exit(128 + number)
        self.signal = number
        self.event.set()
        if not self._begun:
            raise Stopped(number, "stopped before the first sample was run")
        warn("stopping; once more ends it at once")
        self._cut = threading.Timer(GRACE_SECONDS, os._exit, (128 + number,))
        self._cut.daemon = True
        self._cut.start()
