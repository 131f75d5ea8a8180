"""The flags that every command has, and how a function becomes a command."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any, TypeVar

import typer

from codeeval.cli.settings import use_files
from codeeval.cli.voice import LogFormat, listen

__all__ = ["Json", "command"]

Json = Annotated[bool, typer.Option("--json", help="Print one JSON document.")]

_Command = TypeVar("_Command", bound=Callable[..., int])


def _common(
    config: Annotated[
        Path | None,
        typer.Option(
            "--config",
            is_eager=True,
            callback=use_files,
            help="A file of settings, in place of codeeval.toml or codeeval.yaml.",
        ),
    ] = None,
    verbose: Annotated[
        int, typer.Option("--verbose", "-v", count=True, help="Tell more; -vv: much more.")
    ] = 0,
    quiet: Annotated[
        bool, typer.Option("--quiet", "-q", help="No progress and no notices.")
    ] = False,
    no_color: Annotated[
        bool, typer.Option("--no-color", help="No colours; there are none anyway.")
    ] = False,
    log_format: Annotated[
        LogFormat, typer.Option(help="How lines on standard error look.")
    ] = LogFormat.TEXT,
) -> None:
    listen(verbose=verbose, quiet=quiet, form=log_format)


def command(app: typer.Typer, name: str, **settings: Any) -> Callable[[_Command], _Command]:
    """Make a function that returns an exit code a command, with the flags that all of them have.

    A parameter of the function that is called like one of these gets its value, too.
    """

    def register(function: _Command) -> _Command:
        own = inspect.signature(function, eval_str=True).parameters
        common = inspect.signature(_common, eval_str=True).parameters
        added = [
            item.replace(kind=inspect.Parameter.KEYWORD_ONLY)
            for key, item in common.items()
            if key not in own
        ]

        @functools.wraps(function)
        def run(**values: Any) -> int:
            _common(**{key: values[key] for key in common})
            return function(**{key: values[key] for key in own})

        parameters = [*(common.get(key, item) for key, item in own.items()), *added]
        vars(run)["__signature__"] = inspect.Signature(parameters)
        run.__annotations__ = {item.name: item.annotation for item in parameters}
        app.command(name, **settings)(run)
        return function

    return register
