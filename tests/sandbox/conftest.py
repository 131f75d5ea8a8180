from __future__ import annotations

import os
from collections.abc import Callable, Iterator

import pytest

from codeeval.sandbox.errors import SandboxUnavailable
from codeeval.sandbox.executor import Executor, open_executor
from codeeval.sandbox.program import Limits
from tests.sandbox.programs import LIMITS

UNSAFE, BUBBLEWRAP = "unsafe-local", "bubblewrap"
DOCKER = pytest.param("docker", marks=pytest.mark.docker)
GVISOR = pytest.param("docker:runsc", marks=[pytest.mark.docker, pytest.mark.slow])
EVERY = [UNSAFE, BUBBLEWRAP, DOCKER, GVISOR]
JAILED = [BUBBLEWRAP, DOCKER, GVISOR]


def open_or_skip(
    sandbox: str, *, workers: int = 1, isolation: str = "worker", limits: Limits = LIMITS
) -> Executor:
    """Open an executor; without the backend skip, or fail if CODEEVAL_REQUIRE_ALL is set.

    ``docker:runsc`` is Docker with gVisor as its runtime.
    """
    name, _, runtime = sandbox.partition(":")
    try:
        return open_executor(
            name, workers=workers, limits=limits, runtime=runtime or None, isolation=isolation
        )
    except SandboxUnavailable as error:
        if os.environ.get("CODEEVAL_REQUIRE_ALL"):
            raise
        pytest.skip(str(error))


@pytest.fixture(scope="session")
def pools() -> Iterator[Callable[[str], Executor]]:
    """One executor with one worker for each backend, opened when it is first asked for."""
    opened: dict[str, Executor] = {}

    def get(sandbox: str) -> Executor:
        if sandbox not in opened:
            opened[sandbox] = open_or_skip(sandbox)
        return opened[sandbox]

    yield get
    for executor in opened.values():
        executor.close()


@pytest.fixture(params=EVERY)
def executor(request, pools) -> Executor:
    """An executor of each backend, shared by the tests: one worker, warm."""
    return pools(request.param)


@pytest.fixture(params=JAILED)
def jailed(request, pools) -> Executor:
    """An executor of each backend that is a sandbox, shared by the tests."""
    return pools(request.param)


@pytest.fixture
def own_executor() -> Iterator[Callable[..., Executor]]:
    """Open executors that belong to one test."""
    opened = []

    def get(sandbox: str, *, workers: int = 1, limits: Limits = LIMITS) -> Executor:
        opened.append(open_or_skip(sandbox, workers=workers, limits=limits))
        return opened[-1]

    yield get
    for executor in opened:
        executor.close()
