from __future__ import annotations

import logging
import warnings
from collections.abc import Callable, Iterator

import pytest

from codeeval.cli import main
from tests.codeeval.command import Ended


@pytest.fixture(autouse=True)
def logging_as_before() -> Iterator[None]:
    """Give logging back as it was: each command sets it up for itself."""
    loggers = [logging.getLogger(), logging.getLogger("codeeval")]
    before = [(logger, logger.level, list(logger.handlers)) for logger in loggers]
    yield
    for logger, level, handlers in before:
        logger.setLevel(level)
        logger.handlers[:] = handlers


@pytest.fixture
def call(capsys, monkeypatch, tmp_path) -> Callable[..., Ended]:
    """Run a command in this process, in an empty folder, without any settings."""
    monkeypatch.setattr(warnings, "showwarning", warnings.showwarning)
    monkeypatch.setattr("codeeval.cli.settings._from_env_file", set())
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "user"))
    monkeypatch.setenv("CODEEVAL_ALLOW_UNSAFE", "")
    monkeypatch.setenv("CODEEVAL_OFFLINE", "1")
    monkeypatch.delenv("CODEEVAL_DATA", raising=False)

    def ended(*words: object) -> Ended:
        code = main([str(word) for word in words])
        said = capsys.readouterr()
        return Ended(code, said.out, said.err)

    return ended
