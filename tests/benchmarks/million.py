"""Evaluate a file of very many trivial samples; print how much memory the command took.

CODEEVAL_DATA=... python tests/benchmarks/million.py [SAMPLES]
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
import time
from pathlib import Path

PROBLEMS = 164


def main(count: int) -> None:
    """Write the file, run the command, print what it took."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "samples.jsonl"
        with file.open("w") as out:
            for number in range(count):
                task_id = f"HumanEval/{number % PROBLEMS}"
                out.write(json.dumps({"task_id": task_id, "completion": "    return 0\n"}) + "\n")
        command = [sys.executable, "-m", "codeeval", "evaluate", "humaneval", str(file)]
        command += ["--sandbox", "docker", "--k", "1,10", "--quiet", "--no-progress"]
        command += ["--output", str(Path(folder) / "run")]
        started = time.perf_counter()
        process = os.posix_spawnp(command[0], command, os.environ)
        _, status, usage = os.wait4(process, 0)
        seconds = time.perf_counter() - started
        print(
            f"{count} samples: exit {os.waitstatus_to_exitcode(status)}, {seconds:.0f} s, driver "
            f"{usage.ru_maxrss / 1024:.0f} MiB at most"
        )


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000)
