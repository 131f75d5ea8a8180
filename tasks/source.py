"""Benchmark data: reading records, and finding the file that holds them.

Files are JSONL or one JSON array, plain or gzip, with or without a byte order mark, with any line
ends. This is the only module that imports ``datasets``, and only when the hub is asked.
"""

from __future__ import annotations

import gzip
import hashlib
import json
import logging
import os
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, cast

from codeeval.tasks.task import DataError

__all__ = [
    "Hub",
    "cache_folder",
    "content_digest",
    "content_md5",
    "field",
    "locate",
    "read_numbered",
    "read_records",
    "read_text",
]

logger = logging.getLogger(__name__)

_GZIP = b"\x1f\x8b"
_OFFLINE = ("CODEEVAL_OFFLINE", "HF_HUB_OFFLINE", "HF_DATASETS_OFFLINE")
_REQUIRED = object()


def read_records(path: Path) -> Iterator[dict[str, Any]]:
    """Yield the records of a file in order.

    Raises:
        DataError: If the file cannot be read, or a line is not a JSON object.
    """
    for _, record in read_numbered(path):
        yield record


def read_numbered(path: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield each record with the words for where it stands: ``problems.jsonl, line 3``.

    Raises:
        DataError: As `read_records`.
    """
    text = read_text(path)
    if text.lstrip()[:1] == "[":
        items = _parse(text, str(path))
        places: Iterator[tuple[str, Any]] = (
            (f"{path}, item {number}", item) for number, item in enumerate(items, start=1)
        )
    else:
        # Not splitlines(): JSON strings may hold the other characters at which it breaks.
        places = (
            (place := f"{path}, line {number}", _parse(line, place))
            for number, line in enumerate(text.split("\n"), start=1)
            if line.strip()
        )
    for place, record in places:
        if not isinstance(record, dict):
            raise DataError(
                f"{place}: a record must be a JSON object, not {_kind(record)}: {_short(record)}"
            )
        yield place, record


def read_text(path: Path) -> str:
    """Return the text of a file, plain or gzip, without a byte order mark.

    Raises:
        DataError: If it cannot be read or is not UTF-8.
    """
    try:
        with _open(path) as file:
            return file.read().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        byte = error.object[error.start]
        raise DataError(f"{path}, line {line}: byte 0x{byte:02x} is not UTF-8") from error
    except (OSError, EOFError) as error:
        raise DataError(f"{path}: cannot be read: {error}") from error


def _open(path: Path) -> IO[bytes]:
    """Open a file for reading its uncompressed content."""
    with path.open("rb") as file:
        zipped = file.read(2) == _GZIP
    return cast(IO[bytes], gzip.open(path, "rb")) if zipped else path.open("rb")


def _parse(text: str, place: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise DataError(f"{place}: not JSON ({error}): {text.strip()[:60]!r}") from error


def content_digest(path: Path, *more: Path) -> str:
    """Return the sha256 of a file's uncompressed content, in hex; of several, of their digests."""
    known = [_hash(each, "sha256") for each in (path, *more)]
    return hashlib.sha256("".join(known).encode()).hexdigest() if more else known[0]


def content_md5(path: Path) -> str:
    """Return the md5 of a file's uncompressed content, as EvalPlus names data by, in hex."""
    return _hash(path, "md5")


def _hash(path: Path, algorithm: str) -> str:
    digest = hashlib.new(algorithm, usedforsecurity=False)
    try:
        with _open(path) as file:
            while part := file.read(2**20):
                digest.update(part)
    except (OSError, EOFError) as error:
        raise DataError(f"{path}: cannot be read: {error}") from error
    return digest.hexdigest()


def field(
    record: Mapping[str, Any],
    name: str,
    kinds: type | tuple[type, ...],
    *,
    place: str,
    form: str,
    default: Any = _REQUIRED,
) -> Any:
    """Return a field of a record.

    Args:
        record: The record.
        name: The field.
        kinds: The types that its value may have; a bool is no int.
        place: Where the record stands, for the message.
        form: What would be right, for the message: ``a text``.
        default: Its value if it is absent or null; without one it must be there.

    Raises:
        DataError: If it is missing or of another type.
    """
    value = record.get(name)
    if value is None and default is not _REQUIRED:
        return default
    if value is None and name not in record:
        raise DataError(f"{place}: field {name!r} is missing; it must be {form}")
    kinds = kinds if isinstance(kinds, tuple) else (kinds,)
    if not isinstance(value, kinds) or (isinstance(value, bool) and bool not in kinds):
        raise DataError(f"{place}: field {name!r} must be {form}, not {_short(value)}")
    return value


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "..."


def _kind(value: Any) -> str:
    names = {list: "a list", str: "a text", int: "a number", float: "a number", bool: "a bool"}
    return names.get(type(value), "null")


@dataclass(frozen=True)
class Hub:
    """A data set on the hub.

    Attributes:
        id: Its public name: ``openai/openai_humaneval``.
        config: Its configuration, if it has several.
    """

    id: str
    config: str | None = None

    @property
    def file_name(self) -> str:
        """The name under which its records are cached."""
        return "--".join((*self.id.split("/"), *filter(None, [self.config]))) + ".jsonl"


def locate(
    names: Sequence[str],
    *,
    task: str,
    data_file: Path | None = None,
    override: str | None = None,
    hub: Hub | None = None,
) -> Path:
    """Return the file that holds a task's data; the first of these that is there.

    ``data_file``, the file that the environment variable ``override`` names, a file in the folder
    CODEEVAL_DATA or one level below it, a file in the cache, the hub (whose records go to the
    cache).

    Args:
        names: What upstream calls the file, best first.
        task: The task's name, for messages.
        data_file: A file that the user named.
        override: An environment variable, such as HUMANEVAL_OVERRIDE_PATH.
        hub: Where the hub has the data.

    Raises:
        DataError: If there is none, or a file that was named does not exist.
    """
    if data_file is not None:
        return _named(Path(data_file), f"the data file of {task}")
    if override and os.environ.get(override):
        path = _named(Path(os.environ[override]), f"the file that {override} names")
        logger.info("%s: data from %s, as %s says", task, path, override)
        return path
    searched: list[str] = []
    if os.environ.get("CODEEVAL_DATA"):
        folder = Path(os.environ["CODEEVAL_DATA"]).expanduser()
        if not folder.is_dir():
            raise DataError(f"CODEEVAL_DATA must name a folder; there is none at {folder}")
        if found := _search(folder, names):
            return found
        searched.append(f"CODEEVAL_DATA ({folder})")
    cache = cache_folder()
    if found := _search(cache, (*names, hub.file_name) if hub else names):
        return found
    searched.append(f"the cache ({cache})")
    missing = f"no data for {task}: {names[0]} is neither in {' nor in '.join(searched)}"
    remedy = (
        f"give its path as the data file, or put {names[0]} into a folder that CODEEVAL_DATA names"
    )
    if hub is None:
        raise DataError(f"{missing}, and the hub does not have it; {remedy}")
    if variable := next((name for name in _OFFLINE if _is_set(name)), None):
        raise DataError(
            f"{missing}, and {variable} forbids to ask the hub; run "
            f"`codeeval prepare {task}` where there is a network, or {remedy}"
        )
    try:
        return _fetch(hub, cache / hub.file_name)
    except DataError:
        raise
    except Exception as error:  # whatever network, hub or file system may come up with
        reason = f"{type(error).__name__}: {error}".split("\n")[0][:200]
        raise DataError(f"{missing}, and the hub did not give {hub.id} ({reason}); {remedy}") from (
            error
        )


def cache_folder() -> Path:
    """Return the folder of cached data: CODEEVAL_CACHE, or the user's cache folder, decides."""
    base = os.environ.get("CODEEVAL_CACHE")
    if base:
        return Path(os.path.expanduser(base)) / "datasets"
    home = os.environ.get("XDG_CACHE_HOME") or "~/.cache"
    return Path(os.path.expanduser(home)) / "codeeval" / "datasets"


def _named(path: Path, what: str) -> Path:
    path = path.expanduser()
    if not path.is_file():
        raise DataError(f"{what} must be a file; there is none at {path}")
    return path


def _search(folder: Path, names: Sequence[str]) -> Path | None:
    """Return the first of ``names`` in a folder or one level below it."""
    for name in names:
        if (folder / name).is_file():
            return folder / name
        below = sorted(path for path in folder.glob(f"*/{name}") if path.is_file())
        if below:
            return below[0]
    return None


def _is_set(name: str) -> bool:
    return os.environ.get(name, "").strip().lower() not in ("", "0", "false", "no", "off")


def _fetch(hub: Hub, target: Path) -> Path:
    """Load a data set from the hub and keep its records as JSONL."""
    # Slow to import, and on import it reads the environment: only those who need it pay.
    from datasets import load_dataset

    if Path(hub.id).exists():  # it would be loaded in place of what the hub has
        raise DataError(
            f"there is a {hub.id} in the working folder, which would be taken for the one on the "
            "hub; give the command in another folder"
        )
    logger.info("asking the hub for %s", hub.id)
    splits = load_dataset(hub.id, hub.config)
    rows = [row for split in splits.values() for row in split]
    if rows and all(isinstance(row.get("task_id"), int) for row in rows):
        rows.sort(key=lambda row: row["task_id"])
    if not rows:
        raise DataError(f"{hub.id} on the hub holds no records")
    target.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=target.parent, prefix=target.name, suffix=".part")
    try:
        with os.fdopen(handle, "w", encoding="utf-8", newline="\n") as file:
            file.writelines(json.dumps(row, default=str) + "\n" for row in rows)
        os.replace(name, target)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
    return target
