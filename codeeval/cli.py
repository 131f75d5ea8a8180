"""The command line: it parses, calls the library, prints, and returns an exit code."""

from __future__ import annotations

import json
import logging
import os
import shutil
import sys
import traceback
import warnings
from collections.abc import Sequence
from importlib import resources
from pathlib import Path
from typing import Annotated, Any

import typer

from codeeval.cli_evaluate import evaluate_command, evaluate_to_the_end, say
from codeeval.cli_exit import (
    BAD_INPUT,
    FAULT,
    FINISHED,
    UNABLE,
    Stopped,
    exit_code,
    message_of,
)
from codeeval.cli_samples import convert_command, sanitize_command
from codeeval.cli_values import Compat, chosen
from codeeval.version import __version__

__all__ = ["app", "main"]

SETTINGS: dict[str, Any] = {"help_option_names": ["-h", "--help"]}
PLAIN: dict[str, Any] = {"add_completion": False, "rich_markup_mode": None}

app = typer.Typer(
    name="codeeval",
    help="Evaluate code written by language models, in a sandbox, with honest error bars.",
    no_args_is_help=True,
    context_settings=SETTINGS,
    **PLAIN,
)
sandbox_app = typer.Typer(help="The sandbox: its image, and what it promises.", **PLAIN)
app.add_typer(sandbox_app, name="sandbox", no_args_is_help=True)
app.command("evaluate")(evaluate_command)
app.command("convert")(convert_command)
app.command("sanitize")(sanitize_command)

_Json = Annotated[bool, typer.Option("--json", help="Print one JSON document.")]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; return its exit code."""
    words = with_hyphens(sys.argv[1:] if arguments is None else arguments)
    if words == ["--version"]:
        words = ["version"]
    logging.basicConfig(
        level=os.environ.get("CODEEVAL_LOG_LEVEL", "WARNING").upper(),
        format="codeeval: %(message)s",
        stream=sys.stderr,
    )
    warnings.showwarning = lambda text, *_, **__: say(f"warning: {text}")
    command = typer.main.get_command(app)
    _name_variables(command)
    try:
        code = command.main(words, prog_name="codeeval", standalone_mode=False)
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
        kind = "" if isinstance(error, Stopped) else "error: "
        print(f"codeeval: {kind}{message_of(error)}", file=sys.stderr)
        return known
    return code if isinstance(code, int) else FINISHED


@app.command("tasks")
def tasks_command(json_: _Json = False) -> int:
    """List the tasks."""
    from codeeval.tasks.describe import described_tasks

    tasks = described_tasks()
    if json_:
        print(json.dumps(tasks, indent=1))
        return FINISHED
    width = max(len(task["name"]) for task in tasks)
    for task in tasks:
        print(f"{task['name']:{width}}  {task['summary']}")
        if task["options"]:
            print(f"{'':{width}}  options: {', '.join(task['options'])}")
    return FINISHED


app.command("list", hidden=True)(tasks_command)


@app.command("report")
def report_command(
    run_directory: Annotated[Path, typer.Argument(help="A run directory.")],
    compat: Annotated[Compat | None, typer.Option(help="Write that tool's file.")] = None,
    html: Annotated[bool, typer.Option("--html", help="Write report.html again.")] = False,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="The file for --compat or --html.")
    ] = None,
    json_: _Json = False,
) -> int:
    """Print the report of a run again, or write it in another form."""
    from codeeval.report import Report
    from codeeval.report_text import text_table
    from codeeval.run_files import read_manifest

    try:
        manifest = read_manifest(run_directory)
        record = json.loads((run_directory / "report.json").read_text("utf-8"))
        report = Report.from_dict(record)
    except FileNotFoundError as error:
        name = Path(error.filename).name
        problem = "is not finished" if name == "report.json" else "is no run directory"
        print(
            f"codeeval: error: {run_directory} {problem}: there is no {name} in it",
            file=sys.stderr,
        )
        return BAD_INPUT
    except (ValueError, KeyError, TypeError, NotADirectoryError) as error:
        print(f"codeeval: error: {run_directory}: cannot be read: {error}", file=sys.stderr)
        return BAD_INPUT
    if json_:
        print(json.dumps(record, indent=1))
    if html:
        from codeeval.report_html import write_report_html

        page = output or run_directory / "report.html"
        write_report_html(page, report, run_directory)
        say(f"wrote {page}")
    if compat is not None:
        from codeeval.compat_run import compat_name, write_compat

        samples = Path(manifest.get("samples", "samples.jsonl")).name
        path = output or run_directory / compat_name(compat, samples)
        path.parent.mkdir(parents=True, exist_ok=True)
        write_compat(compat, path, run_directory, report)
        say(f"wrote {path}")
    if not (json_ or html or compat):
        print(text_table(report, width=min(shutil.get_terminal_size().columns, 100)), end="")
    return FINISHED


@app.command("demo")
def demo_command(
    output: Annotated[Path, typer.Option("--output", "-o", help="The run directory.")] = Path(
        "runs/demo"
    ),
    sandbox: Annotated[str, typer.Option(help="auto, docker or bubblewrap.")] = "auto",
) -> int:
    """Evaluate the recorded samples of the benchmark that ships with codeeval."""
    from codeeval.run_files import read_manifest
    from codeeval.sandbox.executor import SANDBOXES
    from codeeval.tasks.registry import load_task

    chosen("--sandbox", sandbox, SANDBOXES)
    try:
        again = read_manifest(output).get("task") == "starter"
    except (OSError, ValueError):
        again = False
    package = resources.files("codeeval.tasks")
    with resources.as_file(package / "starter" / "samples" / "mixed.jsonl") as samples:
        return evaluate_to_the_end(
            samples,
            load_task("starter"),
            output=output,
            overwrite=again,
            k=(1, 5),
            sandbox=sandbox,
        )


@app.command("version")
def version_command() -> int:
    """Print the version."""
    print(f"codeeval {__version__}")
    return FINISHED


@sandbox_app.command("build")
def build_command(
    again: Annotated[bool, typer.Option("--again", help="Build even what is there.")] = False,
) -> int:
    """Build the image in which the sandbox docker runs programs, unless it is there."""
    from codeeval.sandbox.docker import connect
    from codeeval.sandbox.image import build_image, find_image

    client = connect()
    try:
        image = (None if again else find_image(client)) or build_image(client, report=say)
    finally:
        client.close()
    print(image)
    return FINISHED


@sandbox_app.command("doctor")
def doctor_command(
    sandbox: Annotated[str, typer.Option(help="auto, docker or bubblewrap.")] = "auto",
    runtime: Annotated[
        str | None, typer.Option(help="For Docker: an OCI runtime such as runsc.")
    ] = None,
    json_: _Json = False,
) -> int:
    """Check what the sandbox promises on this machine."""
    from dataclasses import asdict

    from codeeval.sandbox.doctor import diagnose, table
    from codeeval.sandbox.executor import SANDBOXES

    chosen("--sandbox", sandbox, SANDBOXES)
    findings = diagnose(sandbox, runtime)
    if json_:
        print(json.dumps([asdict(finding) for finding in findings], indent=1))
    else:
        print(table(findings))
    return UNABLE if any(finding.ok is False for finding in findings) else FINISHED


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


def _name_variables(command: Any) -> None:
    """Have every flag ``--x-y`` of a command and those below it read CODEEVAL_X_Y."""
    for parameter in command.params:
        flags = [flag[2:] for flag in getattr(parameter, "opts", ()) if flag.startswith("--")]
        if flags and "help" not in flags:
            names = [f"CODEEVAL_{flag.replace('-', '_').upper()}" for flag in flags]
            parameter.envvar = names
            parameter.show_envvar = False
    for below in getattr(command, "commands", {}).values():
        _name_variables(below)
