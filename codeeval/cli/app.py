"""The program ``codeeval``: its commands, and how any of them ends."""

from __future__ import annotations

import io
import json
import os
import sys
import warnings
from collections.abc import Sequence
from typing import Any

import typer

from codeeval.cli.caches import cache_app, prepare_command
from codeeval.cli.common import Json, command
from codeeval.cli.compare import compare_command, matrix_command, plan_command
from codeeval.cli.demo import demo_command
from codeeval.cli.doctor import doctor_command
from codeeval.cli.evaluate import evaluate_command
from codeeval.cli.exit import FAULT, FINISHED, Stopped, exit_code, message_of
from codeeval.cli.profile import profile_command
from codeeval.cli.report import report_command
from codeeval.cli.rows import validate_rows_command
from codeeval.cli.samples import convert_command, sanitize_command
from codeeval.cli.sandboxes import sandbox_app
from codeeval.cli.settings import name_variables, read_env_file
from codeeval.cli.tasks import info_command, tasks_command, validate_command
from codeeval.cli.traces import trace_app
from codeeval.cli.translation import translate_command
from codeeval.cli.voice import LogFormat, complain, listen, report_fault, warn
from codeeval.version import __version__

__all__ = ["app", "main"]

app = typer.Typer(
    name="codeeval",
    help="Evaluate code written by language models, in a sandbox, with honest error bars.",
    no_args_is_help=True,
    context_settings={"help_option_names": ["-h", "--help"]},
    add_completion=False,
    rich_markup_mode=None,
)


def version_command(json_: Json = False) -> int:
    """Print the version."""
    print(json.dumps({"codeeval": __version__}) if json_ else f"codeeval {__version__}")
    return FINISHED


command(app, "evaluate")(evaluate_command)
command(app, "tasks")(tasks_command)
command(app, "list", hidden=True)(tasks_command)
command(app, "info")(info_command)
command(app, "prepare")(prepare_command)
command(app, "validate")(validate_command)
command(app, "validate-rows")(validate_rows_command)
command(app, "convert")(convert_command)
command(app, "sanitize")(sanitize_command)
command(app, "report")(report_command)
command(app, "compare")(compare_command)
command(app, "matrix")(matrix_command)
command(app, "plan")(plan_command)
command(app, "profile")(profile_command)
command(app, "demo")(demo_command)
command(app, "translate")(translate_command)
command(app, "doctor")(doctor_command)
command(app, "version")(version_command)
app.add_typer(sandbox_app, name="sandbox", no_args_is_help=True)
app.add_typer(cache_app, name="cache", no_args_is_help=True)
app.add_typer(trace_app, name="trace", no_args_is_help=True)


ANYWHERE = frozenset(
    {"-q", "--quiet", "-v", "-vv", "--verbose", "--json", "--no-color", "--version"}
)
"""Flags that may stand before the command, too."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; return its exit code."""
    words = with_hyphens(sys.argv[1:] if arguments is None else arguments)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    listen(form=LogFormat.JSON if _wants_json(words) else LogFormat.TEXT)
    warnings.showwarning = lambda text, *_, **__: warn(f"warning: {text}")
    program: Any = typer.main.get_command(app)
    name_variables(program)
    try:
        read_env_file(program)
        code = program.main(words, prog_name="codeeval", standalone_mode=False)
        sys.stdout.flush()
    except BrokenPipeError:  # the reader of our output has enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return FINISHED
    except (KeyboardInterrupt, typer.Abort):
        return 130
    except BaseException as error:
        known = exit_code(error)
        if known is None:
            if isinstance(error, SystemExit):
                raise
            report_fault(error)
            return FAULT
        tell = warn if isinstance(error, Stopped) else complain
        tell(message_of(error))
        return known
    return code if isinstance(code, int) else FINISHED


def with_hyphens(words: Sequence[str]) -> list[str]:
    """Return the words as the parser takes them.

    ``--n_samples`` is ``--n-samples``, up to ``--``; ``--flag=True`` is ``--flag``, and
    ``--flag=False`` nothing; flags that all commands have may stand before the command; and a
    group of commands without one of them asks for help.
    """
    spelt: list[str] = []
    for number, word in enumerate(words):
        if word == "--":
            spelt += words[number:]
            break
        if word.startswith("--"):
            flag, equals, value = word.partition("=")
            flag = flag.replace("_", "-")
            if value in ("True", "False"):
                spelt += [flag] if value == "True" else []
                continue
            word = flag + equals + value
        spelt.append(word)
    first = next((at for at, word in enumerate(spelt) if word not in ANYWHERE), len(spelt))
    before, rest = spelt[:first], spelt[first:]
    if "--version" in before or rest[1:] == ["--version"]:
        return ["version", *(word for word in before if word != "--version")]
    if not spelt:
        return ["--help"]
    if rest in (["sandbox"], ["cache"], ["trace"]):
        return [*rest, "--help"]
    return [*rest, *before]


def _wants_json(words: Sequence[str]) -> bool:
    """Whether lines on standard error are to be JSON: asked before the words are parsed."""
    pairs = zip(words, [*words[1:], ""], strict=True)
    flags = [value for word, value in pairs if word == "--log-format"]
    flags += [word.partition("=")[2] for word in words if word.startswith("--log-format=")]
    return (flags or [os.environ.get("CODEEVAL_LOG_FORMAT", "")])[-1] == LogFormat.JSON
