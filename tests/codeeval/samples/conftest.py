from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from codeeval.samples.ids import SampleIds
from codeeval.samples.read import read_samples
from codeeval.tasks.task import Sample


@dataclass
class Folder:
    """A directory of sample files, what reading them reports, and the ids they may name."""

    root: Path
    ids: SampleIds
    notices: list[str] = field(default_factory=list)

    def lines(self, *records: Any, name: str = "samples.jsonl") -> Path:
        """Write each record as one line; text and bytes as they are."""
        path = self.root / name
        path.write_bytes(b"\n".join(_raw(record) for record in records) + b"\n")
        return path

    def document(self, value: Any, name: str = "document.json", indent: int | None = None) -> Path:
        path = self.root / name
        path.write_text(json.dumps(value, indent=indent))
        return path

    def read(self, path: Path, **options: Any) -> list[Sample]:
        ids = options.pop("ids", self.ids)
        return list(read_samples(path, ids, report=self.notices.append, **options))


def _raw(record: Any) -> bytes:
    if isinstance(record, bytes):
        return record
    return (record if isinstance(record, str) else json.dumps(record)).encode()


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    names = tuple(f"HumanEval/{number}" for number in range(12))
    prompts = {name: f"def f{number}(x):\n" for number, name in enumerate(names)}
    return Folder(tmp_path, SampleIds(names, prompts))
