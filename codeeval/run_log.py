"""``log.txt`` of a run directory: what happened, and when; no code and no output of models."""

from __future__ import annotations

import logging
import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from codeeval.version import __version__

__all__ = ["LOG_FILE", "run_log"]

LOG_FILE = "log.txt"


@contextmanager
def run_log(folder: Path) -> Iterator[logging.Logger]:
    """Open a logger whose lines are appended to the folder's log, and nowhere else.

    Warnings of the whole package go there, too. How the work in the context ends is written down.
    """
    log = logging.Logger("codeeval.run", logging.INFO)
    handler = logging.FileHandler(folder / LOG_FILE, encoding="utf-8", errors="backslashreplace")
    formatter = logging.Formatter("%(asctime)sZ %(levelname)s %(message)s", "%Y-%m-%dT%H:%M:%S")
    formatter.converter = time.gmtime
    handler.setFormatter(formatter)
    package = logging.getLogger("codeeval")
    log.addHandler(handler)
    package.addHandler(handler)
    log.info("codeeval %s, Python %s, process %s", __version__, sys.version.split()[0], os.getpid())
    try:
        yield log
    except BaseException as error:
        log.info("ended early: %s: %s", type(error).__name__, str(error)[:1000])
        raise
    finally:
        package.removeHandler(handler)
        handler.close()
