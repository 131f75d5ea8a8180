"""The runner as one text: what every jail's interpreter is started with."""

from __future__ import annotations

import marshal
from collections.abc import Mapping
from functools import cache
from importlib import resources
from typing import Any

__all__ = ["BOOT", "RUNNER_MODULES", "start_bytes"]

ZYGOTE_MODULES = (
    *("trees", "codec", "records", "confine"),
    *("candidate", "measured", "compiled", "unittests", "zygote"),
)
RUNNER_MODULES = (
    *ZYGOTE_MODULES,
    "host",
    "removal",
    "group",
    "clocks",
    "simulator",
    "sample",
    "resident",
    "grader",
    "grading",
    "examiner",
    "bench",
    "builder",
    "one_word",
    "costs",
    "pacing",
    "launching",
    "assessor",
    "reference_costs",
    "ledger",
    "looking",
    "costing",
    "counting",
    "runner",
)
"""In an order in which each imports only those before it, and the standard library."""

BOOT = """
import marshal, os, sys, types
def take():
    data, size = b"", 4
    while len(data) < size:
        part = os.read(0, size - len(data))
        if not part:
            os._exit(0)
        data += part
        if size == 4 == len(data):
            size += int.from_bytes(data, "big")
    return marshal.loads(data[4:])
def load(modules):
    for name, text in modules:
        name = "codeeval.sandbox." + name
        module = sys.modules[name] = types.ModuleType(name)
        exec(compile(text, name, "exec", dont_inherit=True), module.__dict__)
    return module
for name in ("codeeval", "codeeval.sandbox"):
    sys.modules[name] = types.ModuleType(name)
    sys.modules[name].__path__ = []
config = take()
config["modules"] = take()
zygote = load(config["modules"]).start(config)
load(take()).main(config, zygote)
"""
"""Forks the zygote before the modules are there that it does not need."""


@cache
def texts() -> list[tuple[str, str]]:
    """Return name and text of each of `RUNNER_MODULES`."""
    folder = resources.files("codeeval.sandbox")
    return [(name, (folder / f"{name}.py").read_text("utf-8")) for name in RUNNER_MODULES]


@cache
def compilers() -> dict[str, str]:
    """Return the texts of the compilers that stay (`codeeval.sandbox.resident`), by name."""
    folder = resources.files("codeeval.sandbox") / "residents"
    return {each.name: each.read_text("utf-8") for each in folder.iterdir()}


def _message(value: Any) -> bytes:
    data = marshal.dumps(value, 2)
    return len(data).to_bytes(4, "big") + data


def start_bytes(config: Mapping[str, Any]) -> bytes:
    """Return what to write to an interpreter that runs `BOOT`: the configuration, the modules."""
    first = len(ZYGOTE_MODULES)
    return (
        _message({**config, "compilers": compilers()})
        + _message(texts()[:first])
        + _message(texts()[first:])
    )
