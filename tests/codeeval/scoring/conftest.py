from __future__ import annotations

import json
from typing import Any

import pytest

from tests.data import data_path


@pytest.fixture(scope="session")
def vectors() -> dict[str, Any]:
    """The golden values, by group."""
    vectors: dict[str, Any] = json.loads(
        data_path("more", "estimators", "vectors.json").read_text()
    )
    return vectors
