from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from codeeval.sandbox.errors import SandboxUnavailable
from codeeval.sandbox.executor import Executor, open_executor


@pytest.fixture(scope="session", autouse=True)
def cache(tmp_path_factory) -> Iterator[None]:
    """One cache for all of these tests: what references return is made once."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CODEEVAL_CACHE", str(tmp_path_factory.mktemp("cache")))
        yield


@pytest.fixture(scope="session")
def executor() -> Iterator[Executor]:
    """Two warm jails of bubblewrap, shared by the tests."""
    try:
        pool = open_executor("bubblewrap", workers=2)
    except SandboxUnavailable as error:
        if os.environ.get("CODEEVAL_REQUIRE_ALL") == "1":
            raise
        pytest.skip(str(error))
    with pool:
        yield pool
