"""Run the verdict-forging programs against other ways to judge, side by side with ours.

    EVALPLUS_PYTHON=/venv/bin/python python tests/benchmarks/forging.py [docker|bubblewrap]

The harmless programs of the test suite's attacks (see ``tests/sandbox/catalogue.py``) are judged by

- a plain harness: program and asserts in one file, run; exit status 0 is a pass;
- EvalPlus's checker, ``evalplus.eval.untrusted_check``, if EVALPLUS_PYTHON names an interpreter
  that has it (``pip install evalplus`` in a throw-away environment);
- codeeval with tests in the candidate's process, with sealed calls and with sealed asserts.

Both foreign harnesses run inside bubblewrap, since they do not confine what they run. Prints a
Markdown table for docs/security.md: a dot is a program that was not taken for right.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from functools import partial

from codeeval.sandbox.executor import Executor, open_executor
from codeeval.sandbox.verdict import Status
from tests.sandbox.catalogue import LIMITS, REFERENCE, SECRET, WRONG, Attack, attacks

SECONDS = 20
ROWS = ("G1", "G2", "G3", "G4", "G8", "G12", "K5", "K7")
"""Beside all of section E but E42, which recognises the judge and forges nothing."""
EVALPLUS = """
import json, os, sys
job = json.load(sys.stdin)
verdict = os.dup(1)
os.dup2(2, 1)
from evalplus.eval import untrusted_check
status, _ = untrusted_check("humaneval", job["source"], [[3], [10]], "f", job["expected"], 0, [0.01, 0.01])
os.write(verdict, f"verdict: {status}".encode())
"""  # noqa: E501
PLAIN = """
import json, subprocess, sys, tempfile
job = json.load(sys.stdin)
with tempfile.TemporaryDirectory() as folder:
    with open(folder + "/program.py", "w") as file:
        file.write(job["source"] + "\\n" + job["tests"])
    try:
        code = subprocess.run([sys.executable, file.name], cwd=folder, timeout=3,
                              stdin=subprocess.DEVNULL, capture_output=True).returncode
    except subprocess.TimeoutExpired:
        code = -1
print("verdict:", "pass" if code == 0 else "fail", end="")
"""


def forgeries() -> Iterator[Attack]:
    """Yield the programs that want a pass and do no harm."""
    for section in ("e_forging", "g_leakage", "k_interpreter"):
        for attack in attacks(section):
            chosen = (attack.row[0] == "E" and attack.row != "E42") or attack.row in ROWS
            if chosen and attack.local and "calls" in attack.checks:
                yield attack


def confined(python: str, script: str, attack: Attack) -> bool:
    """Let a foreign harness judge a program inside bubblewrap; return whether it says pass."""
    secret = "secret" in attack.options
    expected = [SECRET, SECRET] if secret else [4, 11]
    tests = f"assert f(3) == {expected[0]!r}\nassert f(10) == {expected[1]!r}\n"
    job = json.dumps({"source": attack.source, "tests": tests, "expected": expected})
    prefix = os.path.dirname(os.path.dirname(os.path.abspath(python)))
    command = ["bwrap", "--ro-bind", "/", "/", "--dev", "/dev", "--proc", "/proc"]
    command += ["--tmpfs", "/tmp", "--ro-bind", prefix, prefix, "--unshare-pid", "--unshare-net"]
    command += ["--unshare-ipc", "--cap-drop", "ALL", "--die-with-parent", "--new-session"]
    command += ["--clearenv", "--setenv", "HOME", "/tmp", "--setenv", "PATH", os.defpath]
    command += ["--chdir", "/tmp", "timeout", str(SECONDS), python, "-c", script]
    done = subprocess.run(
        command, input=job.encode(), capture_output=True, timeout=2 * SECONDS, check=False
    )
    return done.stdout.endswith(b"verdict: pass")


def ours(executor: Executor, check: str) -> Callable[[Attack], bool]:
    """Return a judge of ours."""
    return lambda attack: executor.run(attack.program(check)).status is Status.PASSED


def main() -> None:
    """Print the table."""
    sandbox = sys.argv[1] if len(sys.argv) > 1 else "bubblewrap"
    evalplus = os.environ.get("EVALPLUS_PYTHON", "")
    with open_executor(sandbox, workers=1, limits=LIMITS) as executor:
        judges: dict[str, Callable[[Attack], bool]] = {
            "exit status": partial(confined, sys.executable, PLAIN)
        }
        if evalplus:
            judges["EvalPlus"] = partial(confined, evalplus, EVALPLUS)
        for name, check in (("unsealed", "unsealed"), ("calls", "calls"), ("asserts", "asserts")):
            judges[name] = ours(executor, check)
        right = Attack("-", "right", "", frozenset(), REFERENCE, "", {})
        for name, judge in judges.items():
            if not judge(right) or judge(WRONG):
                raise SystemExit(f"{name} does not tell right from wrong")
        print(f"| row | what it does | {' | '.join(judges)} |")
        print("| --- " * (2 + len(judges)) + "|")
        counts = dict.fromkeys(judges, 0)
        programs = list(forgeries())
        for attack in programs:
            passed = {name: judge(attack) for name, judge in judges.items()}
            for name in judges:
                counts[name] += passed[name]
            cells = " | ".join("forged" if passed[name] else "." for name in judges)
            print(f"| {attack.row} | {attack.title} | {cells} |", flush=True)
        print(f"| all | {len(programs)} programs | {' | '.join(map(str, counts.values()))} |")


if __name__ == "__main__":
    main()
