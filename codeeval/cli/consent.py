"""Consent to run model code without a sandbox: only those who ask twice get it."""

from __future__ import annotations

import os

import typer

from codeeval.cli.voice import say, warn

__all__ = ["ALLOW_UNSAFE", "allowed"]

ALLOW_UNSAFE = "CODEEVAL_ALLOW_UNSAFE"
ALLOW_ELSEWHERE = "HF_ALLOW_CODE_EVAL"


def allowed(sandbox: str, unsafe_local: bool, elsewhere: bool = False) -> str:
    """Return the sandbox; none at all only for those who asked for it twice.

    Args:
        sandbox: The sandbox that was named.
        unsafe_local: Whether --unsafe-local was.
        elsewhere: Whether a flag was by which other tools are allowed to run code unprotected.
    """
    elsewhere = elsewhere or os.environ.get(ALLOW_ELSEWHERE) == "1"
    if elsewhere and sandbox == "unsafe-local":
        warn("warning: taken for --unsafe-local: model code will run without a sandbox")
        unsafe_local = True
    asked = [sandbox == "unsafe-local", unsafe_local, os.environ.get(ALLOW_UNSAFE) == "1"]
    if not (asked[0] or asked[1]):
        if elsewhere:
            say("model code runs in a sandbox here, so nothing needs to be allowed")
        return sandbox
    if sandbox not in ("auto", "unsafe-local"):
        raise typer.BadParameter(f"--unsafe-local contradicts --sandbox {sandbox}")
    if sum(asked) < 2:
        raise typer.BadParameter(
            "without a sandbox model code can do whatever you can; if you trust it, say both "
            "--sandbox unsafe-local and --unsafe-local"
        )
    os.environ[ALLOW_UNSAFE] = "1"
    return "unsafe-local"
