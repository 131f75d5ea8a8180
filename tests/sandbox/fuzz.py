"""Feed what reads hostile bytes with bytes that a fuzzer chooses by what they make it run.

    python tests/sandbox/fuzz.py [SECONDS] [FOLDER]

Everything that comes from a candidate passes through here: records, values, the answers of a
candidate under examination. Nothing but Malformed may come out of it, nothing may take long, and a
value must be encoded and decoded alike ever after. An input that breaks this is left in FOLDER.
"""

from __future__ import annotations

import contextlib
import marshal
import os
import sys
import tempfile
from pathlib import Path

import atheris

with atheris.instrument_imports():
    from codeeval.sandbox.codec import decode, encode
    from codeeval.sandbox.examiner import CandidateError, restore
    from codeeval.sandbox.grading import failure_of
    from codeeval.sandbox.records import PAUSED, READY, FirstRecord, RecordReader
    from codeeval.sandbox.trees import Malformed, Unencodable, untagged

SLOWEST_SECONDS = 5
LARGEST_BYTES = 4096


def once(data: bytes) -> None:
    """Read bytes in every way that bytes of a candidate are read."""
    choice, rest = data[:1], data[1:]
    if choice < b"\x20":
        records(rest)
    elif choice < b"\x60":
        value(b"p" + rest)
    elif choice < b"\xa0":
        value(b"t" + rest)
    else:
        tree(rest)


def records(data: bytes) -> None:
    """Read them as records, in pieces of any size."""
    reader, first = RecordReader(LARGEST_BYTES), FirstRecord()
    step = 1 + data[0] % 16 if data else 1
    for start in range(0, len(data), step):
        for kind, content in reader.feed(data[start : start + step]):
            assert READY <= kind <= PAUSED
            status, message = failure_of(content)
            assert status not in ("passed", "timeout"), message
        first.feed(data[start : start + step])


def value(data: bytes) -> None:
    """Read them as a value."""
    for shared in (False, True):
        with contextlib.suppress(Malformed):
            found = decode(data, shared=shared)
            with contextlib.suppress(Unencodable):
                again = encode(found, shared=shared)
                assert encode(decode(again, shared=shared), shared=shared) == again or unordered(
                    again
                )


def unordered(data: bytes) -> bool:
    """Whether there may be a set in an encoded value: its order is nobody's."""
    return b"<" in data or b">" in data or b"s" in data or b"z" in data


def tree(data: bytes) -> None:
    """Read them as a tree made of the fuzzer's choices, and put that in another's place."""
    provider = atheris.FuzzedDataProvider(data)
    node = any_node(provider, 0)
    with contextlib.suppress(Malformed):
        untagged(node)
    with contextlib.suppress(Malformed):
        found = untagged(node, shared=True, numpy="numbers")
        for news in (found, [found, found], [[2], found]):
            with contextlib.suppress(CandidateError):
                restore([[1], {}], news, found)


def any_node(provider: atheris.FuzzedDataProvider, depth: int) -> object:
    """Return a node, most often one of the right form."""
    tag = "vluszdxfngr?"[provider.ConsumeIntInRange(0, 11)]
    if depth > 6 or provider.remaining_bytes() == 0 or tag == "v":
        return ("v", provider.ConsumeIntInRange(-3, 3))
    count = provider.ConsumeIntInRange(0, 3)
    if tag in "lusz":
        return (tag, [any_node(provider, depth + 1) for _ in range(count)])
    if tag == "d":
        return (
            tag,
            [(any_node(provider, 7), any_node(provider, depth + 1)) for _ in range(count)],
        )
    if tag in "xfg":
        kinds = ("decimal.Decimal", "builtins.range", "datetime.date", "int8", "a.B")
        return (tag, (kinds[provider.ConsumeIntInRange(0, 4)], any_node(provider, depth + 1)))
    if tag == "n":
        shape = [any_node(provider, 7) for _ in range(count)]
        return (tag, ("int8", shape, any_node(provider, depth + 1)))
    if tag == "r":
        return (tag, provider.ConsumeIntInRange(-1, 9))
    with contextlib.suppress(ValueError, EOFError, TypeError):
        return marshal.loads(marshal.dumps(provider.ConsumeUnicode(20)))
    return None


SEEDS = (
    [None, True, 1, -(2**70), 0.5, 1j, "é\ud800", b"x"],
    {"a": [(1, {2}, frozenset({3}))]},
    [range(3), 10**400],
)


def main(seconds: int, folder: Path) -> None:
    """Fuzz for so long."""
    corpus = folder / "corpus"
    corpus.mkdir(parents=True, exist_ok=True)
    for number, seed in enumerate(SEEDS):
        for shared in (False, True):
            data = encode(seed, shared=shared)
            choice = b"\x40" if data[:1] == b"p" else b"\x80"
            (corpus / f"seed-{number}-{shared}").write_bytes(choice + data[1:])
    flags = [f"-max_total_time={seconds}", f"-timeout={SLOWEST_SECONDS}", "-rss_limit_mb=2048"]
    flags += [
        f"-max_len={LARGEST_BYTES}",
        f"-artifact_prefix={folder}{os.sep}",
        "-print_final_stats=1",
    ]
    atheris.Setup([sys.argv[0], *flags, str(corpus)], once)
    atheris.Fuzz()


if __name__ == "__main__":
    place = Path(sys.argv[2]) if len(sys.argv) > 2 else Path(tempfile.mkdtemp(prefix="fuzz-"))
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 60, place)
