"""Counts instructions: a second zygote, of which each candidate runs on a simulated processor.

A count is the same each time, whatever else the machine does, and some twenty times slower to get
than the answer. The simulator is valgrind's cachegrind without its caches. It writes down the count
of a process when that ends. A process can reach where that goes, and the simulator's memory; so the
log of a run must be just what two processes that end by themselves write, and CPU time is a check.
"""

from __future__ import annotations

import contextlib
import marshal
import os
import re
import shutil
import sys
from collections.abc import Mapping
from typing import Any

from codeeval.sandbox.clocks import NoClock
from codeeval.sandbox.confine import STACK_BYTES, Confinement
from codeeval.sandbox.host import kept
from codeeval.sandbox.zygote import LOG, Zygote, ZygoteDied

__all__ = ["SLOWNESS", "Simulator"]

SLOWNESS = 100
"""A simulated process takes less than this many times what it takes usually."""
COMMAND = (
    "valgrind",
    "--tool=cachegrind",
    "--cache-sim=no",
    "--branch-sim=no",
    "--cachegrind-out-file=/dev/null",
    "--vgdb=no",
    f"--main-stacksize={STACK_BYTES}",
    f"--log-fd={LOG}",
)
COUNTED = re.compile(
    rb"==(\d+)== \n==\1== I +refs: +([\d,]+)\n==(\d+)== \n==\3== I +refs: +([\d,]+)\n"
)
"""What the child that notes down the count so far writes, and then the process."""
HARMLESS = re.compile(
    rb"==\d+== (?:brk segment overflow in thread #1: can't grow to 0x[0-9a-f]+"
    rb"|\(see section Limitations in user manual\)"
    rb"|NOTE: further instances of this message will not be shown)\n"
)
"""What it says when it makes room in another way."""
LOG_BYTES = 1 << 16


class Simulator:
    """A zygote on a simulated processor.

    Args:
        config: The runner's configuration, with the ``modules`` that a zygote needs.
        confinement: What candidates are confined by.

    Raises:
        NoClock: If it cannot be started.
    """

    def __init__(self, config: Mapping[str, Any], confinement: Confinement) -> None:
        path = shutil.which(COMMAND[0])
        if path is None:
            raise NoClock("there is no valgrind in the sandbox, which counts instructions")
        texts = config["modules"]
        adopts = {"adopts": confinement.adopts, "first_user": confinement.first_user}
        given = b"".join(map(message, ({**config, "modules": None, **adopts}, texts)))
        self._log, log = os.pipe()
        os.set_blocking(self._log, False)
        python = [os.path.realpath(sys.executable), *sys.orig_argv[1:]]
        stdin = kept(given)
        self.zygote = Zygote(confinement, ([path, *COMMAND[1:], *python], stdin, log))
        os.close(stdin)
        os.close(log)
        try:
            self.zygote.wait_until_ready()
        except (ZygoteDied, OSError) as error:
            said = self._read().decode("utf-8", "replace").strip()
            raise NoClock(f"valgrind does not run in this sandbox: {error}; {said}") from None

    def _read(self) -> bytes:
        said = b""
        with contextlib.suppress(BlockingIOError):
            while data := os.read(self._log, LOG_BYTES):
                said += data
        return said

    def forget(self) -> None:
        """Forget counts of processes that have ended."""
        self._read()

    def count(self, pid: int) -> int | None:
        """Return how many instructions a process that has ended has executed; None if unknown.

        Those count that came after it had a child note down the count so far. The log must hold
        what those two have written, and nothing else.
        """
        found = COUNTED.fullmatch(HARMLESS.sub(b"", self._read()))
        if found is None or int(found[3]) != pid:
            return None
        before, after = (int(found[group].replace(b",", b"")) for group in (2, 4))
        return after - before


def message(value: Any) -> bytes:
    """Return a value in the form that ``bundle.BOOT`` takes."""
    data = marshal.dumps(value, 2)
    return len(data).to_bytes(4, "big") + data
