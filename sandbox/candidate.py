"""What runs in the candidate's process: its code, and the calls or tests that judge it.

Everything here is in the candidate's reach. It sends values and exceptions, never verdicts; only
`run_asserts`, whose contract puts the tests into the same interpreter, says how they ended.
"""

from __future__ import annotations

import builtins
import marshal
import os
import sys
import time
from collections.abc import Callable
from types import CodeType, ModuleType
from typing import Any

from codeeval.sandbox.codec import Unencodable, encode, loads
from codeeval.sandbox.records import (
    DIGEST,
    ENDED,
    FAILED,
    LARGEST,
    PAUSED,
    RAISED,
    READY,
    SECONDS,
    TOOK,
    VALUE,
    read_request,
    write_record,
)
from codeeval.sandbox.trees import containers

__all__ = [
    "PACE",
    "hide",
    "pause",
    "received",
    "run_asserts",
    "run_calls",
    "run_reference",
    "run_script",
    "run_served",
    "send_value",
]

HIDDEN = ("codeeval", "ctypes", "_ctypes", "array", "mmap")
MESSAGE_LENGTH = 2000
CHANNEL, SOURCE, GIVEN, PACE = 3, 4, 5, 6
"""Descriptors: where records go, a file with the code, what the kind of check gives beside it, and
where a byte comes for each pause that is over."""
CONDENSED = 1 << 16
"""Larger outputs that compare exactly are sent as digests."""


def hide() -> None:
    """Make this interpreter look as it does to a program that was just started.

    Done once, before anything is forked: what a fork changes it has to copy.
    """
    for known in list(sys.modules):
        if known.partition(".")[0] in HIDDEN:
            del sys.modules[known]
    sys.modules["__main__"] = ModuleType("__main__")
    sys.argv = ["program.py"]


def describe(error: BaseException) -> str:
    """Return an exception's type and message; a hostile one may not keep it from us."""
    name = type(error).__name__
    try:
        message = str(error)
    except BaseException:
        message = "(its message could not be made)"
    return f"{name}: {message}"[:MESSAGE_LENGTH] if message else name[:MESSAGE_LENGTH]


def kind_of(error: BaseException, *, loading: bool) -> str:
    """Return the status that an exception stands for."""
    if isinstance(error, MemoryError):
        return "memory_limit"
    if isinstance(error, AssertionError) and not loading:
        return "wrong_answer"
    return "runtime_error"


def exit_code(error: SystemExit) -> int:
    """Return the exit status that the interpreter would end with."""
    code = error.code
    return 0 if code is None else code & 0xFF if isinstance(code, int) else 1


def run_exit_handlers() -> None:
    """Do what the interpreter does at its end: wait for threads, call exit handlers."""
    import atexit

    threading = sys.modules.get("threading")
    if threading is not None:
        threading._shutdown()
    atexit._run_exitfuncs()
    flush()


def send_failure(status: str, message: str) -> None:
    """Say that the code ended before the calls or tests did."""
    data = f"{status}\n{message}".encode("utf-8", "backslashreplace")
    write_record(CHANNEL, FAILED, data)


def compiled(source: str) -> CodeType | None:
    """Compile the candidate's code, or say why it cannot be compiled."""
    try:
        return compile(source, "<candidate>", "exec", dont_inherit=True)
    except (SyntaxError, ValueError, UnicodeError) as error:
        send_failure("syntax_error", describe(error))
    except (RecursionError, MemoryError) as error:
        send_failure("syntax_error", f"too deeply nested ({type(error).__name__})")
    return None


def loaded(source: str, namespace: dict[str, Any]) -> bool:
    """Run the candidate's code; False if it failed, which has then been said."""
    code = compiled(source)
    if code is None:
        return False
    try:
        exec(code, namespace)
    except BaseException as error:
        send_failure(kind_of(error, loading=True), describe(error))
        return False
    return True


def flush() -> None:
    """Write out what the candidate printed."""
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except BaseException:
            continue


def received(file: int) -> bytes:
    """Return the content of a file without a name, and close it."""
    data = os.pread(file, os.lseek(file, 0, os.SEEK_END), 0)
    os.close(file)
    return data


def source() -> str:
    """Return the candidate's code."""
    return received(SOURCE).decode("utf-8", "surrogatepass")


def run_asserts() -> None:
    """Run code, trusted helpers and tests in one namespace; at the very end send the nonce."""
    setup, tests, nonce = marshal.loads(received(GIVEN))
    namespace: dict[str, Any] = {}
    if not loaded(source(), namespace):
        return
    try:
        if setup:
            exec(compile(setup, "<setup>", "exec", dont_inherit=True), namespace)
        exec(compile(tests, "<tests>", "exec", dont_inherit=True), namespace)
    except BaseException as error:
        where = failing_line(error, tests)
        status = kind_of(error, loading=False)
        send_failure(status, f"{describe(error)}{where}"[: 2 * MESSAGE_LENGTH])
        return
    flush()
    write_record(CHANNEL, ENDED, nonce)


def failing_line(error: BaseException, tests: str) -> str:
    """Return the line of the tests in which ``error`` came up, or nothing."""
    number, trace = 0, error.__traceback__
    while trace is not None:
        if trace.tb_frame.f_code.co_filename == "<tests>":
            number = trace.tb_lineno
        trace = trace.tb_next
    lines = tests.splitlines()
    return f" in: {lines[number - 1].strip()[:400]}" if 0 < number <= len(lines) else ""


def run_calls(entry_point: str, keep_going: bool, listed: bool) -> None:
    """Call the entry point with each input; send what comes back, one record a call.

    With ``listed`` the items of an iterator are sent: its judge asks for nothing else.
    """
    calls = marshal.loads(received(GIVEN))
    function = loaded_function(entry_point)
    if function is None:
        return
    if listed:
        function = listing(function)
    for call in calls:
        if not answer(function, call) and not keep_going:
            return


def run_reference(entry_point: str, whole: bool) -> None:
    """Do as `run_calls`, and say after each call how much CPU time it took.

    With ``whole`` large outputs are not sent as digests.
    """
    calls = marshal.loads(received(GIVEN))
    function = loaded_function(entry_point)
    if function is None:
        return
    for call in calls:
        started = time.process_time()
        if not answer(function, call, condensed=LARGEST if whole else CONDENSED):
            return
        write_record(CHANNEL, TOOK, SECONDS.pack(time.process_time() - started))


def loaded_function(entry_point: str) -> Callable[..., Any] | None:
    """Run the candidate's code and return its function; None if that failed, which is said."""
    namespace: dict[str, Any] = {}
    if not loaded(source(), namespace):
        return None
    function = namespace.get(entry_point)
    if not callable(function):
        found = "is not there" if function is None else f"is a {type(function).__name__}"
        send_failure("runtime_error", f"NameError: the function {entry_point!r} {found}")
        return None
    write_record(CHANNEL, READY)
    checked: Callable[..., Any] = function
    return checked


def listing(function: Callable[..., Any]) -> Callable[..., Any]:
    """Return a function that gives lists where ``function`` gives iterators."""

    def call(*arguments: Any) -> Any:
        value = function(*arguments)
        return list(value) if hasattr(type(value), "__next__") else value

    return call


def answer(function: Callable[..., Any], call: bytes, *, condensed: int = CONDENSED) -> bool:
    """Make one call and send its outcome; False if it raised. See `send_value`."""
    try:
        arguments = loads(call)
        value = function(*arguments)
    except BaseException as error:
        data = f"{kind_of(error, loading=True)}\n{describe(error)}"
        write_record(CHANNEL, RAISED, data.encode("utf-8", "backslashreplace"))
        return False
    return send_value(value, condensed=condensed)


def send_value(value: Any, *, condensed: int = CONDENSED) -> bool:
    """Send what a call returned; False if it is no plain data.

    Args:
        value: Anything.
        condensed: If it is exact and has more bytes than this, it is sent as a digest.
    """
    try:
        data_of_value = encode(value)
    except BaseException:  # a hostile value may raise anything
        text = f"wrong_answer\nan output that is no plain data: {type(value).__name__}"
        write_record(CHANNEL, RAISED, text.encode("utf-8", "backslashreplace"))
        return False
    size = len(data_of_value)
    if size > LARGEST or (size > condensed and is_exact(value)):
        from hashlib import sha256  # seldom needed, and a large library to have in each fork

        write_record(CHANNEL, DIGEST, sha256(data_of_value).digest())
    else:
        write_record(CHANNEL, VALUE, data_of_value)
    return True


def is_exact(value: Any) -> bool:
    """Whether nothing but an equal value of the same types equals ``value``: texts, huge ints.

    A digest then says as much as the value: no tolerance and no other spelling could match it.
    """
    kind = type(value)
    if kind is int:
        return bool(value.bit_length() > 1100)  # beyond every float
    return kind in (str, bytes) or (kind in (list, tuple) and set(map(type, value)) == {str})


def pause() -> bytes:
    """Wait until the clock was read; return the byte that ended the pause."""
    write_record(CHANNEL, PAUSED)
    return os.read(PACE, 1)


def run_script(paced: bool) -> None:
    """Run the candidate as a program of its own; what it prints is its answer.

    Args:
        paced: Whether to pause before.
    """
    os.close(GIVEN)
    if paced:
        pause()
    main = sys.modules["__main__"]
    code = compiled(source())
    if code is None:
        return
    main.__dict__["__file__"] = "program.py"
    try:
        exec(code, main.__dict__)
    except SystemExit as error:
        if exit_code(error) != 0:
            send_failure("runtime_error", describe(error))
            return
    except BaseException as error:
        send_failure(kind_of(error, loading=True), describe(error))
        return
    run_exit_handlers()
    write_record(CHANNEL, ENDED)


def end(status: int = 0) -> None:
    """Leave at once: no exit handlers, no waiting for threads."""
    flush()
    os._exit(status)


def run_served() -> None:
    """Run the candidate's code, then answer calls by value until no more come.

    A request is the encoded triple of a function's name, its arguments and its keyword arguments,
    or of nothing, the number of an iterator and nothing. The answer is the encoded triple of its
    kind (``v``: a value, ``a``: this argument itself, ``i``: this iterator, ``s``: no more items,
    ``e``: this exception), its content, and, if the call has changed any, the containers that its
    arguments were made of, in the order of `containers`, each with the content that it has now.
    """
    namespace: dict[str, Any] = {}
    if not loaded(source(), namespace):
        return
    write_record(CHANNEL, READY)
    iterators: list[Any] = []
    while request := read_request(GIVEN):
        respond(request, namespace, iterators)


def respond(request: bytes, namespace: dict[str, Any], iterators: list[Any]) -> None:
    """Answer one request."""
    name, args, kwargs = loads(request, numpy="real")
    shared = request[:1] == b"t"
    before = containers((args, kwargs)) if name and may_change(request) else []
    changed = None
    try:
        if name:
            if name not in namespace:
                raise NameError(f"name {name!r} is not defined")
            value = namespace[name](*args, **kwargs)
        else:
            value = next(iterators[args])
    except StopIteration:
        outcome: tuple[str, Any] = ("s", None) if not name else ("e", ("StopIteration", "", ()))
    except BaseException as error:
        outcome = "e", exception_of(error)
    else:
        outcome = outcome_of(value, (*args, *kwargs.values()) if name else (), iterators)
    try:
        if before and encoded((name, args, kwargs), shared) != request:
            changed = before  # each with its content of now
        answer = encoded((*outcome, changed), shared or changed is not None)
    except (Unencodable, MemoryError, RecursionError) as error:
        text = f"wrong_answer\nan output that is no plain data ({error})"
        write_record(CHANNEL, FAILED, text.encode("utf-8", "backslashreplace"))
        return
    if len(answer) > LARGEST:
        write_record(CHANNEL, FAILED, b"wrong_answer\nan output of more than 64 MiB")
        return
    write_record(CHANNEL, VALUE, answer)


def may_change(request: bytes) -> bool:
    """Whether there may be a list, dict or set in a call's arguments, by the marks of marshal."""
    if request[:1] != b"p":
        return True
    # One dict is in each request, of keyword arguments: nobody else can change that.
    return b"[" in request or b"<" in request or request.count(b"{") > 1


def encoded(value: Any, shared: bool) -> bytes:
    """Encode a value, and one that is in itself as such."""
    if not shared:
        try:
            return encode(value)
        except Unencodable:
            pass
    return encode(value, shared=True)


def outcome_of(value: Any, arguments: tuple[Any, ...], iterators: list[Any]) -> tuple[str, Any]:
    """Return kind and content of the answer that a returned value is."""
    if isinstance(value, (list, dict, set)):
        for number, argument in enumerate(arguments):
            if argument is value:
                return "a", number
    elif hasattr(type(value), "__next__"):
        iterators.append(value)
        return "i", len(iterators) - 1
    return "v", value


def exception_of(error: BaseException) -> tuple[str, str, tuple[Any, ...] | None]:
    """Return what can be said of an exception: type, message, arguments if they are plain."""
    name = type(error).__name__
    try:
        args = error.args
        plain = type(args) is tuple and all(type(item) in (str, int, float) for item in args)
    except BaseException:
        plain = False
    if getattr(builtins, name, None) is not type(error):
        return "", describe(error), None
    return name, describe(error).removeprefix(f"{name}: "), args if plain else None
