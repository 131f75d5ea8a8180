"""Where the values of flags come from.

A flag on the command line wins over the environment, that over ``.env`` in the working folder,
that over the project's file of settings there, that over the user's own, and that over the default.
Files of settings are TOML or YAML; their keys are the names of flags of ``evaluate``.

What lies in the working folder may have been made by others: from there only settings are taken
that say what is evaluated and how, none that say where something is written or sent, or what keeps
code in. Nothing but the command line and the environment agrees to code without a sandbox.
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

from codeeval.cli.voice import warn
from codeeval.sandbox.errors import CodeEvalError

__all__ = [
    "Setting",
    "SettingsError",
    "effective",
    "is_said",
    "name_variables",
    "read_env_file",
    "use_files",
    "variables",
]

ENV_FILE = ".env"
PROJECT_FILES = ("codeeval.toml", "codeeval.yaml", "codeeval.yml")
USER_FILES = ("config.toml", "config.yaml", "config.yml")
LARGEST_FILE = 1 << 18
CONSENT = frozenset({"unsafe-local", "allow-code-execution", "confirm-run-unsafe-code"})
NO_SANDBOX = "unsafe-local"
SHARED = frozenset({"workers", "sandbox", "runtime", "log-format", "quiet", "verbose", "no-color"})
"""Flags that mean the same in every command. Others are settings of ``evaluate`` only."""
_SETTABLE = """
task dataset tasks samples k pass-k workers parallel n-workers sandbox extraction stop format
id-field code-field missing allow-missing allow-unknown timeout memory stack limit include exclude
id-range from released-from to released-to cluster variant mini noextreme base-only test-details
min-time-limit gt-time-limit-factor task-option no-deduplicate fail-under on-infra-error json quiet
no-progress verbose no-color log-format
"""
FROM_FOLDER = frozenset(_SETTABLE.split())
"""The flags that `.env` and the project's file may set."""
SECRETS_FROM_FOLDER = ("OPENAI_API_KEY", "HF_TOKEN")
"""Other variables that `.env` may set: it may give a secret, but not say where it goes."""
_SHOWN = re.compile(
    r"CODEEVAL_(?:DATA|CACHE|CONFIG|OFFLINE|LOG_LEVEL|ALLOW_UNSAFE)|HF_(?:HOME|HUB_CACHE|ENDPOINT"
    r"|DATASETS_CACHE|HUB_OFFLINE|DATASETS_OFFLINE|ALLOW_CODE_EVAL)|OPENAI_BASE_URL|XDG_\w+_HOME"
    r"|DOCKER_(?:HOST|CONTEXT|CERT_PATH|TLS_VERIFY)|(?:HUMANEVAL|MBPP)_OVERRIDE_PATH|NO_COLOR"
    r"|FORCE_COLOR|CI|COLUMNS|SOURCE_DATE_EPOCH|TOKENIZERS_PARALLELISM|SSL_CERT_FILE"
    r"|REQUESTS_CA_BUNDLE|(?:https?|no|all)_proxy",
    re.IGNORECASE,
)
_HIDDEN = re.compile(r"CODEEVAL_\w+|HF_\w+|OPENAI_\w+|DOCKER_\w+", re.IGNORECASE)

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


def name_variables(command: Any) -> None:
    """Have flags read variables: ``--x-y`` of ``evaluate`` CODEEVAL_X_Y, in others shared ones."""
    for name, below in command.commands.items():
        if hasattr(below, "commands"):
            name_variables(below)
            continue
        for parameter in below.params:
            flags = _flags(parameter)
            if flags and flags != ["config"] and (name == "evaluate" or SHARED & {*flags}):
                parameter.envvar = list(map(_variable, flags))
                parameter.show_envvar = False


def read_env_file(command: Any) -> None:
    """Put what `.env` says into the environment, but for what is said there already.

    Args:
        command: The program, whose ``evaluate`` knows which flags are the same.

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
    alike = {
        variable: set(map(_variable, flags))
        for parameter in command.commands["evaluate"].params
        for flags in [_flags(parameter)]
        for variable in map(_variable, flags)
    }
    allowed = {*map(_variable, FROM_FOLDER), *SECRETS_FROM_FOLDER}
    refused = sorted(
        name for name in values if _HIDDEN.fullmatch(name) and name.upper() not in allowed
    )
    if values.get(_variable("sandbox")) == NO_SANDBOX:
        refused.append(_variable("sandbox"))
    if refused:
        warn(f"warning: {path}: not taken from a file in the working folder: {', '.join(refused)}")
    for name, value in values.items():
        said = any(other in os.environ for other in alike.get(name, {name}))
        if name in allowed and name not in refused and value is not None and not said:
            if "\0" in value:
                raise SettingsError(f"{path}: {name} holds a NUL character")
            os.environ[name] = value
            _from_env_file.add(name)


def use_files(context: typer.Context, config: Path | None) -> Path | None:
    """Take the values of flags that are not given from the files of settings.

    Raises:
        SettingsError: If a file is wrong; other commands than ``evaluate`` warn of it.
    """
    try:
        files = _files(config, context)
        context.default_map = {
            parameter.name: value
            for parameter in context.command.params
            if (found := _found(parameter, files))
            and (context.info_name == "evaluate" or found[1] in SHARED)
            for value in [_checked(context, parameter, *found)]
        }
    except SettingsError as error:
        if context.info_name == "evaluate" or config is not None:
            raise
        warn(f"warning: {error}")
    return config


def is_said(context: typer.Context, name: str) -> bool:
    """Whether a parameter was given on the command line itself."""
    source = context.get_parameter_source(name)
    return source is not None and source.name == "COMMANDLINE"


def effective(context: typer.Context) -> Iterator[Setting]:
    """Yield the flags of ``evaluate``, that was given no flags, with their values and origins."""
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
    """Yield the variables that matter, as far as they are set; what may be secret is masked."""
    for name in sorted(os.environ):
        value = os.environ[name]
        shown = bool(_SHOWN.fullmatch(name)) or name in map(_variable, FROM_FOLDER)
        if value and (shown or _HIDDEN.fullmatch(name)):
            origin = ENV_FILE if name in _from_env_file else "environment"
            yield Setting(name, _masked(value) if shown else "***", origin)


def _masked(value: str) -> str:
    """Return a value without the credentials and the query that an address may hold."""
    scheme, separator, rest = value.rpartition("://")
    credentials, at, host = rest.rpartition("@")
    kept = f"{scheme}{separator}{'***' if credentials else ''}{at}{host}"
    return kept if "?" not in kept or not separator else kept.partition("?")[0] + "?***"


def _flags(parameter: Any) -> list[str]:
    """Return the long flags of a parameter, without their hyphens; none for an argument."""
    flags = [flag[2:] for flag in getattr(parameter, "opts", ()) if flag.startswith("--")]
    return [] if "help" in flags else flags


def _variable(flag: str) -> str:
    return f"CODEEVAL_{flag.replace('-', '_').upper()}"


def _files(config: Path | None, context: typer.Context) -> list[_File]:
    """Return the files of settings that there are, the strongest first."""
    evaluate = context.find_root().command.commands["evaluate"]  # type: ignore[attr-defined]
    known = {flag for parameter in evaluate.params for flag in _flags(parameter)} - {"config"}
    alike = [set(_flags(parameter)) for parameter in evaluate.params]
    named = config if config is not None else _first(Path(), PROJECT_FILES)
    files = []
    if named is not None:
        files.append(_read(named, known, alike, from_folder=config is None))
    if (own := _user_file()) is not None:
        files.append(_read(own, known, alike, from_folder=False))
    return files


def _user_file() -> Path | None:
    if named := os.environ.get("CODEEVAL_CONFIG"):
        return Path(os.path.expanduser(named))
    home = os.environ.get("XDG_CONFIG_HOME") or "~/.config"
    return _first(Path(os.path.expanduser(home)) / "codeeval", USER_FILES)


def _first(folder: Path, names: tuple[str, ...]) -> Path | None:
    return next((folder / name for name in names if (folder / name).is_file()), None)


def _read(path: Path, known: set[str], alike: list[set[str]], *, from_folder: bool) -> _File:
    """Read a file of settings.

    Raises:
        SettingsError: If it cannot be read, is no table, or has a key that may not be there.
    """
    values: dict[str, Any] = {}
    for key, value in _table(path).items():
        flag = str(key).replace("_", "-")
        if (flag in CONSENT and value is not False) or (flag, value) == ("sandbox", NO_SANDBOX):
            raise SettingsError(
                f"{path}: {key}: running code without a sandbox is agreed to on the command line "
                "or in the environment, not in a file"
            )
        if flag not in known:
            near = get_close_matches(flag, known, n=1)
            hint = f"; did you mean {near[0]!r}?" if near else ""
            raise SettingsError(f"{path}: no flag --{flag} that the key {key!r} could mean{hint}")
        if from_folder and flag not in FROM_FOLDER | CONSENT:
            raise SettingsError(
                f"{path}: {key}: a file in the working folder may not say where something is "
                "written or sent, or what keeps code in; say it on the command line, in the "
                "environment, or in a file of yours (--config)"
            )
        if twice := next((other for other in values if any({other, flag} <= s for s in alike)), ""):
            raise SettingsError(f"{path}: {twice} and {flag} are the same flag")
        values[flag] = value
    return _File(path, values)


def _table(path: Path) -> dict[Any, Any]:
    try:
        if path.stat().st_size > LARGEST_FILE:
            raise SettingsError(f"{path}: no file of settings has more than {LARGEST_FILE} bytes")
        content = path.read_text("utf-8")
        if path.suffix == ".toml":
            record: Any = tomllib.loads(content)
        else:
            import yaml

            record = yaml.safe_load(content) or {}
    except SettingsError:
        raise
    except (OSError, ValueError) as error:
        raise SettingsError(f"{path}: cannot be read: {error}") from error
    except Exception as error:  # yaml's errors have a base class of their own
        raise SettingsError(f"{path}: not YAML: {error}") from error
    if not isinstance(record, dict):
        raise SettingsError(f"{path}: must hold keys and values, not {type(record).__name__}")
    return record


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
    items = value if isinstance(value, list) else [value]
    if not all(isinstance(item, str | int | float) for item in items):
        raise SettingsError(f"{file.path}: {flag}: must be a text, a number or a list of them")
    if any(isinstance(item, bool) for item in items) and not parameter.is_flag:
        raise SettingsError(f"{file.path}: {flag}: must not be true or false")
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
