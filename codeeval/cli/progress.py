"""Progress on standard error: a bar on a terminal, else a line now and then."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable
from types import TracebackType
from typing import Any, Self, TextIO

from codeeval.cli.voice import say
from codeeval.judging import SampleResult
from codeeval.sandbox.verdict import Status

__all__ = ["Progress"]

LINE_SECONDS = 30.0


class Progress:
    """Shows how far an evaluation is: an argument of `codeeval.evaluate`.

    Args:
        shown: Whether anything is shown at all.
        stream: Where; standard error if None.
        line_seconds: How often there is a line where there is no terminal.
        tell: Gets these lines.
    """

    def __init__(
        self,
        *,
        shown: bool,
        stream: TextIO | None = None,
        line_seconds: float = LINE_SECONDS,
        tell: Callable[[str], None] = say,
    ) -> None:
        self._shown = shown
        self._stream = stream or sys.stderr
        self._line_seconds = line_seconds
        self._tell = tell
        self._bar: Any = None
        self._ended = threading.Event()
        self._lines: threading.Thread | None = None
        self._started = time.monotonic()
        self._total = 0
        self.done = self.passed = self.failed = self.infra = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._ended.set()
        if self._bar is not None:
            self._bar.close()

    def __call__(self, result: SampleResult | None, total: int) -> None:
        """Count a result; None begins."""
        self._total = total
        if result is None:
            self._begin()
            return
        self.done += 1
        status = result.verdict.status
        self.passed += status is Status.PASSED
        self.infra += status is Status.INFRASTRUCTURE_ERROR
        self.failed = self.done - self.passed - self.infra
        if self._bar is not None:
            self._bar.set_postfix_str(self._counts(), refresh=False)
            self._bar.update()

    def _begin(self) -> None:
        self._started = time.monotonic()
        if not self._shown:
            return
        if self._stream.isatty():
            from tqdm import tqdm

            total = self._total or None
            self._bar = tqdm(total=total, unit=" samples", file=self._stream, dynamic_ncols=True)
        else:
            self._lines = threading.Thread(target=self._write_lines, daemon=True)
            self._lines.start()

    def _write_lines(self) -> None:
        while not self._ended.wait(self._line_seconds):
            rate = self.done / (time.monotonic() - self._started)
            known = f"/{self._total}" if self._total else ""
            left = (self._total - self.done) / rate if self._total and rate else 0
            ready = f", ready in {_span(left)}" if left > 0 else ""
            self._tell(f"{self.done}{known} samples, {rate:.1f}/s{ready}, {self._counts()}")

    def _counts(self) -> str:
        return f"passed {self.passed}, failed {self.failed}, infra {self.infra}"


def _span(seconds: float) -> str:
    """Return a time as hours, minutes and seconds, as far as it has them."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min" if minutes else f"{rest} s"
