"""The runner as one text: what every jail's interpreter is started with."""

from __future__ import annotations

import json
from functools import cache
from importlib import resources

from codeeval.sandbox.wire import FRAME

__all__ = ["BOOT", "RUNNER_MODULES", "start_bytes"]

RUNNER_MODULES = (
    "codec",
    "records",
    "host",
    "confine",
    "candidate",
    "zygote",
    "removal",
    "sample",
    "grader",
    "grading",
    "examiner",
    "bench",
    "runner",
)
"""In an order in which each imports only those before it, and the standard library."""

BOOT = """
import json, os, sys, types
def take(size):
    data = b""
    while len(data) < size:
        part = os.read(0, size - len(data))
        if not part:
            os._exit(0)
        data += part
    return data
for name in ("codeeval", "codeeval.sandbox"):
    sys.modules[name] = types.ModuleType(name)
    sys.modules[name].__path__ = []
for name, text in json.loads(take(int.from_bytes(take(4), "big"))):
    name = "codeeval.sandbox." + name
    module = sys.modules[name] = types.ModuleType(name)
    exec(compile(text, name, "exec", dont_inherit=True), module.__dict__)
sys.modules["codeeval.sandbox.runner"].main()
"""


@cache
def _modules() -> bytes:
    folder = resources.files("codeeval.sandbox")
    texts = [(name, (folder / f"{name}.py").read_text("utf-8")) for name in RUNNER_MODULES]
    data = json.dumps(texts).encode()
    return len(data).to_bytes(4, "big") + data


def start_bytes(config: dict[str, object]) -> bytes:
    """Return what to write to an interpreter that runs `BOOT`: the modules, the configuration."""
    data = json.dumps(config).encode()
    return _modules() + FRAME.pack(len(data), 0) + data
