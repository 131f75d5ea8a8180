"""Where the values of flags come from.

A flag on the command line wins over the environment, that over ``.env`` in the working folder,
that over the project's file of settings there, that over the user's own, and that over the default.
Files of settings are TOML or YAML; their keys are the names of flags.
"""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Any

import typer

from codeeval.sandbox.errors import CodeEvalError

__all__ = [
    "Setting",
    "SettingsError",
    "effective",
    "name_variables",
    "read_env_file",
    "use_files",
    "variables",
]

ENV_FILE = ".env"
PROJECT_FILES = ("codeeval.toml", "codeeval.yaml", "codeeval.yml")
USER_FILES = ("config.toml", "config.yaml", "config.yml")
CONSENT = ("unsafe-local", "allow-code-execution", "confirm-run-unsafe-code")
"""Files that lie about in a folder cannot consent to running code without a sandbox."""
_KNOWN_VARIABLE = re.compile(
    r"CODEEVAL_\w+|HF_\w+|OPENAI_\w+|DOCKER_\w+|(?:HUMANEVAL|MBPP)_OVERRIDE_PATH|XDG_\w+_HOME"
    r"|NO_COLOR|SSL_CERT_FILE|REQUESTS_CA_BUNDLE|(?:https?|no)_proxy",
    re.IGNORECASE,
)
_SECRET = re.compile(r"KEY|TOKEN|SECRET|PASSWORD", re.IGNORECASE)
_CREDENTIALS = re.compile(r"(?<=://)[^/@\s]+(?=@)")

_from_env_file: set[str] = set()
"""The variables that `.env` gave to this process."""


class SettingsError(CodeEvalError, ValueError):
    """A file of settings cannot be read or is not what it should be."""


@dataclass(frozen=True)
class Setting:
    """A flag or variable, its value, and where that came from."""

    name: str
    value: Any
    origin: str


@dataclass(frozen=True)
class _File:
    """A file of settings: values by flag, spelt with hyphens."""

    path: Path
    values: Mapping[str, Any]


def read_env_file() -> None:
    """Put what `.env` says into the environment, but for what is there already.

    Only variables that codeeval or the packages that it uses know are taken, and none of those
    that consent to running code without a sandbox.

    Raises:
        SettingsError: If it cannot be read.
    """
    path = Path(ENV_FILE)
    if not path.is_file():
        return
    from dotenv import dotenv_values

    try:
        values = dotenv_values(path, interpolate=False)
    except (OSError, ValueError) as error:
        raise SettingsError(f"{path}: cannot be read: {error}") from error
    refused = {"CODEEVAL_ALLOW_UNSAFE", *map(_variable, CONSENT)}
    for name, value in values.items():
        known = _KNOWN_VARIABLE.fullmatch(name) and name.upper() not in refused
        if known and value is not None and name not in os.environ:
            os.environ[name] = value
            _from_env_file.add(name)


def name_variables(command: Any) -> None:
    """Have every flag ``--x-y`` of a command and those below it read CODEEVAL_X_Y."""
    for parameter in command.params:
        if flags := _flags(parameter):
            parameter.envvar = list(map(_variable, flags))
            parameter.show_envvar = False
    for below in getattr(command, "commands", {}).values():
        name_variables(below)


def use_files(context: typer.Context, config: Path | None) -> Path | None:
    """Take the values of flags that are not given from the files of settings.

    Raises:
        SettingsError: If a file is wrong.
    """
    files = _files(config, context)
    context.default_map = {
        parameter.name: value
        for parameter in context.command.params
        if (found := _found(parameter, files))
        for value in [_checked(context, parameter, *found)]
    }
    return config


def effective(context: typer.Context) -> Iterator[Setting]:
    """Yield the flags of a command that was given no flags, with their values and origins."""
    files = _files(context.params.get("config"), context)
    for parameter in context.command.params:
        flags = _flags(parameter)
        if not flags or flags[0] == "config":
            continue
        value = context.params.get(parameter.name)
        origin = "default"
        if name := next((name for name in map(_variable, flags) if os.environ.get(name)), None):
            origin = ENV_FILE if name in _from_env_file else f"environment ({name})"
        elif found := _found(parameter, files):
            origin = str(found[0].path)
        yield Setting(flags[0], value, origin)


def variables() -> Iterator[Setting]:
    """Yield the variables that matter, as far as they are set; secrets are masked."""
    for name in sorted(os.environ):
        value = os.environ[name]
        if not value or not _KNOWN_VARIABLE.fullmatch(name):
            continue
        shown = "***" if _SECRET.search(name) else _CREDENTIALS.sub("***", value)
        yield Setting(name, shown, ENV_FILE if name in _from_env_file else "environment")


def _flags(parameter: Any) -> list[str]:
    """Return the long flags of a parameter, without their hyphens; none for an argument."""
    flags = [flag[2:] for flag in getattr(parameter, "opts", ()) if flag.startswith("--")]
    return [] if "help" in flags else flags


def _variable(flag: str) -> str:
    return f"CODEEVAL_{flag.replace('-', '_').upper()}"


def _files(config: Path | None, context: typer.Context) -> list[_File]:
    """Return the files of settings that there are, the strongest first."""
    known = set(_all_flags(context.find_root().command)) - {"config"}
    paths = [config if config is not None else _first(Path(), PROJECT_FILES), _user_file()]
    return [_read(path, known) for path in paths if path is not None]


def _user_file() -> Path | None:
    named = os.environ.get("CODEEVAL_CONFIG")
    if named:
        return Path(named).expanduser()
    home = os.environ.get("XDG_CONFIG_HOME") or "~/.config"
    return _first(Path(home).expanduser() / "codeeval", USER_FILES)


def _first(folder: Path, names: tuple[str, ...]) -> Path | None:
    return next((folder / name for name in names if (folder / name).is_file()), None)


def _all_flags(command: Any) -> Iterator[str]:
    for parameter in command.params:
        yield from _flags(parameter)
    for below in getattr(command, "commands", {}).values():
        yield from _all_flags(below)


def _read(path: Path, known: set[str]) -> _File:
    """Read a file of settings.

    Raises:
        SettingsError: If it cannot be read, is no table, or has a key that is no flag.
    """
    try:
        content = path.read_text("utf-8")
        if path.suffix == ".toml":
            record: Any = tomllib.loads(content)
        else:
            import yaml

            record = yaml.safe_load(content) or {}
    except (OSError, ValueError) as error:
        raise SettingsError(f"{path}: cannot be read: {error}") from error
    except Exception as error:  # yaml's errors have a base class of their own
        raise SettingsError(f"{path}: not YAML: {error}") from error
    if not isinstance(record, dict):
        raise SettingsError(f"{path}: must hold keys and values, not {record!r:.60}")
    values = {}
    for key, value in record.items():
        flag = str(key).replace("_", "-")
        if flag in CONSENT:
            raise SettingsError(
                f"{path}: {key}: running code without a sandbox is agreed to on the command line "
                "or in the environment, not in a file"
            )
        if flag not in known:
            near = get_close_matches(flag, known, n=1)
            hint = f"; did you mean {near[0]!r}?" if near else ""
            raise SettingsError(f"{path}: no flag --{flag} that the key {key!r} could mean{hint}")
        values[flag] = value
    return _File(path, values)


def _found(parameter: Any, files: list[_File]) -> tuple[_File, str] | None:
    """Return the strongest file that has a value for a parameter, and the key that it is under."""
    flags = _flags(parameter)
    return next(((file, flag) for file in files for flag in flags if flag in file.values), None)


def _checked(context: typer.Context, parameter: Any, file: _File, flag: str) -> Any:
    """Return a value as its flag takes it.

    Raises:
        SettingsError: If it is none that the flag can have.
    """
    value = file.values[flag]
    if isinstance(value, list):
        value = value if parameter.multiple else ",".join(map(str, value))
    elif parameter.multiple:
        value = [value]
    try:
        parameter.process_value(context, value)
    except Exception as error:
        text = error.format_message() if hasattr(error, "format_message") else str(error)
        reason = text.rpartition(": ")[2].removeprefix("Value error, ").rstrip(".")
        raise SettingsError(f"{file.path}: {flag}: {reason}; found {value!r:.60}") from error
    return value
