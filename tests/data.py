"""Where the tests find the benchmark data, which is not part of the repository."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent


def data_path(*parts: str) -> Path:
    """Return a path below CODEEVAL_TEST_DATA, by default ``../shared/data`` beside the project.

    Without the data folder the calling test is skipped; a file missing inside it is left to fail.
    """
    folder = ROOT / os.environ.get("CODEEVAL_TEST_DATA", "../shared/data")
    if not folder.is_dir():
        pytest.skip(f"no test data at {folder}; set CODEEVAL_TEST_DATA", allow_module_level=True)
    return folder.joinpath(*parts).resolve()
