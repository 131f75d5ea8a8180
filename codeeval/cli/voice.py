"""What the command line says on standard error: notices, warnings and errors, as text or JSON."""

from __future__ import annotations

import json
import logging
import os
import sys
import time
from enum import StrEnum

from codeeval.visible import visible

__all__ = ["LogFormat", "complain", "listen", "report_fault", "say", "warn"]

NOTICE = 25
"""Between information and warnings: what a user should know and --quiet keeps back."""

logging.addLevelName(NOTICE, "NOTICE")
_log = logging.getLogger("codeeval.cli")


class LogFormat(StrEnum):
    """How lines on standard error look."""

    TEXT = "text"
    JSON = "json"


def say(text: str) -> None:
    """Tell the user something worth knowing."""
    _log.log(NOTICE, "%s", text)


def warn(text: str) -> None:
    """Tell the user something even if nothing else may be told."""
    _log.warning("%s", text)


def complain(text: str) -> None:
    """Tell the user why the command failed."""
    _log.error("%s", text)


def report_fault(error: BaseException) -> None:
    """Tell the user of a fault of ours, with its traceback."""
    _log.critical("a fault of codeeval itself: please report it", exc_info=error)


def listen(*, verbose: int = 0, quiet: bool = False, form: LogFormat = LogFormat.TEXT) -> None:
    """Decide what is told, and how.

    Args:
        verbose: 1: what codeeval does, too; 2: details of it and of the packages that it uses.
        quiet: Warnings and errors only.
        form: How a line looks.
    """
    configured = logging.getLevelNamesMapping().get(
        os.environ.get("CODEEVAL_LOG_LEVEL", "").strip().upper()
    )
    others = logging.DEBUG if verbose > 1 else (configured or logging.WARNING)
    ours = configured or NOTICE
    if verbose:
        ours = logging.DEBUG if verbose > 1 else logging.INFO
    elif quiet:
        ours = max(ours, logging.WARNING)
    handler = _Handler(ours, others)
    handler.setFormatter(_Json() if form is LogFormat.JSON else _Text())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(others)
    # A run's log.txt has all information, whatever is told here.
    logging.getLogger("codeeval").setLevel(min(ours, logging.INFO))


class _Handler(logging.Handler):
    """Writes lines to standard error as it is now, around the bar if there is one."""

    def __init__(self, ours: int, others: int) -> None:
        super().__init__()
        self._ours, self._others = ours, others

    def emit(self, record: logging.LogRecord) -> None:
        own = record.name == "codeeval" or record.name.startswith("codeeval.")
        if record.levelno < (self._ours if own else self._others):
            return
        try:
            line = self.format(record)
            if sys.stderr.isatty():
                from tqdm import tqdm

                tqdm.write(line, file=sys.stderr)
            else:
                print(line, file=sys.stderr, flush=True)
        except Exception:  # a line that cannot be written must not end the work
            self.handleError(record)


class _Text(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        kind = "error: " if record.levelno >= logging.ERROR else ""
        line = f"codeeval: {kind}{visible(record.getMessage())}"
        if record.exc_info:
            line += f"\n{self.formatException(record.exc_info)}"
        return line


class _Json(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        when = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(record.created))
        line = {
            "time": f"{when}.{int(record.msecs):03d}Z",
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        if record.exc_info:
            line["traceback"] = self.formatException(record.exc_info)
        return json.dumps(line)
