"""What runs in a candidate's process while its calls are timed: one step, then a pause.

In a pause the process waits, and who measures reads its clock: no time of this process's own making
is ever believed. What is done between two pauses is charged, whoever does it.
"""

from __future__ import annotations

import gc
import os
import resource
import sys
from collections.abc import Iterator, Sequence
from importlib import import_module
from opcode import EXTENDED_ARG, opmap
from types import CodeType
from typing import Any

from codeeval.sandbox.candidate import (
    CHANNEL,
    GIVEN,
    compiled,
    describe,
    kind_of,
    pause,
    send_value,
    source,
)
from codeeval.sandbox.codec import encode, loads
from codeeval.sandbox.records import RAISED, read_parts, write_record

__all__ = ["MORE", "run_measured"]

MORE = b"+"
"""What ends a pause if the call is to be made again."""
CONDENSED = 2**23
"""Larger outputs that compare exactly are sent as digests: to make one of a small output takes as
long as to send it, and what it takes to make the first is much more.
"""
LARGE = 20_000
"""Bytes of arguments from which decoding them once touches memory enough."""
WARMING = compile(
    "def warm(n):\n    kept = [{i: str(i)} for i in range(n)]\n    return sorted(map(len, kept))\n",
    "<warming>",
    "exec",
)
IMPORT_NAME = opmap["IMPORT_NAME"]
KINDS = (0, 0.5, "", b"", None, True, (), {"": set[int]()})
LIBRARIES = sys.stdlib_module_names | {"numpy"}


def run_measured(entry_point: str, copies: Sequence[int], counted: bool) -> None:
    """Make each call in a fresh namespace, without collections of garbage.

    There is a pause before the code runs for the first time; for each call one before it, one after
    it and one after the answer was sent. If the byte that ends that is `MORE`, there are further
    calls, on copies of the arguments, and one pause before and one after them.

    Args:
        entry_point: The function.
        copies: How often each call may be made; 0 for the code to be loaded, and nothing be called.
            Calls beyond these are given for nothing but their place in memory.
        counted: Whether to have a child end just before the first pause: its instructions are those
            up to there. After it there may be no other.
    """
    calls = read_parts(GIVEN)
    os.close(GIVEN)
    gc.disable()
    code = compiled(source())
    if code is None:
        return
    for name in named_modules(code):
        try:
            import_module(name)
        except BaseException:  # the candidate will meet it, or not
            continue
    warm_up(calls[0])
    if counted:
        child = os.fork()
        if child == 0:
            os._exit(0)
        os.waitpid(child, 0)
        resource.setrlimit(resource.RLIMIT_NPROC, (1, 1))
    pause()
    for call, times in zip(calls, copies, strict=False):
        namespace: dict[str, Any] = {}
        try:
            exec(code, namespace)
            function = namespace[entry_point] if times else nothing
            arguments = loads(call)
            pause()
            value = function(*arguments)
            pause()
            # Sent before anything else is called, which could still change it.
            if not send_value(value, condensed=CONDENSED):
                return
            if pause() == MORE:
                further = [loads(call) for _ in range(times - 1)]
                pause()
                for arguments in further:
                    function(*arguments)
                pause()
        except BaseException as error:
            data = f"{kind_of(error, loading=True)}\n{describe(error)}"
            write_record(CHANNEL, RAISED, data.encode("utf-8", "backslashreplace"))
            return


def nothing(*_: object) -> None:
    """Stand for a function that does nothing."""


def warm_up(call: bytes) -> None:
    """Touch the memory that all candidates need, be it to import what they name or not."""
    large = len(call) >= LARGE
    for _ in range(1 if large else 2):
        namespace: dict[str, Any] = {}
        exec(WARMING, namespace)
        arguments = loads(call)
        encode([namespace["warm"](100), *KINDS, *([] if large else [arguments])])


def named_modules(code: CodeType) -> Iterator[str]:
    """Yield the libraries that code imports anywhere: to load them costs it nothing."""
    extended = 0
    for operation, argument in zip(code.co_code[::2], code.co_code[1::2], strict=True):
        argument |= extended << 8
        extended = argument if operation == EXTENDED_ARG else 0
        if operation == IMPORT_NAME:
            name = code.co_names[argument]
            if name.partition(".")[0] in LIBRARIES:
                yield name
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from named_modules(constant)
