"""The commands below ``sandbox``: build the image, check the promises."""

from __future__ import annotations

import json
from typing import Annotated

import typer

from codeeval.cli.common import Json, command
from codeeval.cli.exit import FINISHED, UNABLE
from codeeval.cli.values import chosen
from codeeval.cli.voice import say

__all__ = ["sandbox_app"]

sandbox_app = typer.Typer(
    help="The sandbox: its image, and what it promises.",
    add_completion=False,
    rich_markup_mode=None,
)


@command(sandbox_app, "build")
def build_command(
    languages: Annotated[
        str, typer.Option(help="Whose images to build, such as python,cpp; or all.")
    ] = "python",
    again: Annotated[bool, typer.Option("--again", help="Build even what is there.")] = False,
    json_: Json = False,
) -> int:
    """Build the images in which the sandbox docker runs programs, unless they are there."""
    from codeeval.sandbox.docker import connect
    from codeeval.sandbox.image import build_images
    from codeeval.sandbox.languages import LANGUAGES

    wanted = [name.strip() for name in languages.split(",") if name.strip()]
    if wanted == ["all"]:
        wanted = list(LANGUAGES)
    for name in wanted:
        chosen("--languages", name, tuple(LANGUAGES))
    names = [LANGUAGES[name].image for name in wanted]
    images = build_images(connect, names, again=again, report=say)
    print(json.dumps({"images": images}) if json_ else "\n".join(images.values()))
    return FINISHED


@command(sandbox_app, "doctor")
def doctor_command(
    sandbox: Annotated[str, typer.Option(help="auto, docker or bubblewrap.")] = "auto",
    runtime: Annotated[
        str | None, typer.Option(help="For Docker: an OCI runtime such as runsc.")
    ] = None,
    json_: Json = False,
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
