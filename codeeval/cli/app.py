"""The program ``codeeval``: its commands, and how any of them ends."""

from __future__ import annotations

import json
import os
import sys
import traceback
import warnings
from collections.abc import Sequence
from typing import Any

import typer

from codeeval.cli.caches import cache_app, prepare_command
from codeeval.cli.common import Json, command
from codeeval.cli.compare import compare_command, plan_command
from codeeval.cli.demo import demo_command
from codeeval.cli.doctor import doctor_command
from codeeval.cli.evaluate import evaluate_command
from codeeval.cli.exit import FAULT, FINISHED, Stopped, exit_code, message_of
from codeeval.cli.report import report_command
from codeeval.cli.samples import convert_command, sanitize_command
from codeeval.cli.sandboxes import sandbox_app
from codeeval.cli.settings import name_variables, read_env_file
from codeeval.cli.tasks import info_command, tasks_command, validate_command
from codeeval.cli.voice import complain, listen, warn
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
command(app, "convert")(convert_command)
command(app, "sanitize")(sanitize_command)
command(app, "report")(report_command)
command(app, "compare")(compare_command)
command(app, "plan")(plan_command)
command(app, "demo")(demo_command)
command(app, "doctor")(doctor_command)
command(app, "version")(version_command)
app.add_typer(sandbox_app, name="sandbox", no_args_is_help=True)
app.add_typer(cache_app, name="cache", no_args_is_help=True)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; return its exit code."""
    words = with_hyphens(sys.argv[1:] if arguments is None else arguments)
    if words[-1:] == ["--version"] and not any(word.startswith("-") for word in words[:-1]):
        words = ["version"]
    listen()
    warnings.showwarning = lambda text, *_, **__: warn(f"warning: {text}")
    program: Any = typer.main.get_command(app)
    name_variables(program)
    try:
        read_env_file()
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
            traceback.print_exc()
            return FAULT
        tell = warn if isinstance(error, Stopped) else complain
        tell(message_of(error))
        return known
    return code if isinstance(code, int) else FINISHED


def with_hyphens(words: Sequence[str]) -> list[str]:
    """Return the words with ``--n_samples`` spelt ``--n-samples``, up to ``--``."""
    spelt: list[str] = []
    for number, word in enumerate(words):
        if word == "--":
            return [*spelt, *words[number:]]
        if word.startswith("--"):
            flag, equals, value = word.partition("=")
            word = flag.replace("_", "-") + equals + value
        spelt.append(word)
    return spelt
