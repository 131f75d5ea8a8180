"""Programs in other languages: samples a second here and by the plain way, side by side.

    CODEEVAL_TEST_DATA=... python tests/benchmarks/languages.py [SANDBOX] [LANGUAGES] [COUNT]

The plain way: one after the other, each program is written to a folder of its own and compiled and
run by commands that start anew, on this machine, without isolation or limits; its tools have to be
installed. The programs are the first COUNT of MultiPL-E's rows with answers of a chat model that
come with them. One worker and the plain way take turns, twice.
"""

from __future__ import annotations

import gzip
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from codeeval.sandbox.executor import open_executor
from codeeval.sandbox.languages import LANGUAGES
from codeeval.sandbox.program import END, Program
from codeeval.tasks.registry import load_task
from codeeval.tasks.task import Sample
from codeeval.tasks.translate.languages import TRANSLATORS

DATA = Path(os.environ.get("CODEEVAL_TEST_DATA", "../shared/data")) / "multilingual" / "multipl-e"
PLAIN = {
    "cpp": ("p.cpp", ["g++ p.cpp -o p -std=c++17", "./p"]),
    "go": ("p_test.go", ["go test p_test.go"]),
    "java": ("Problem.java", ["javac -encoding UTF8 -d . Problem.java", "java -ea Problem"]),
    "javascript": ("p.js", ["node p.js"]),
    "typescript": ("p.ts", ["tsc --target esnext p.ts", "node p.js"]),
    "bash": ("p.sh", ["bash p.sh"]),
    "ruby": ("p.rb", ["ruby p.rb"]),
    "perl": ("p.pl", ["perl p.pl"]),
    "python": ("p.py", ["python3 p.py"]),
}
"""How the benchmark's own runner runs a program."""


def programs_of(language: str, count: int) -> list[Program]:
    """Return the first programs of a language."""
    short = TRANSLATORS[language].name.replace("go_test.go", "go")
    task = load_task(
        "multipl-e",
        language=language,
        data_file=DATA / "humaneval" / f"humaneval-{short}.jsonl.gz",
    )
    with gzip.open(DATA / "sample_completions" / f"humaneval-{short}.jsonl.gz", "rt") as file:
        answers = {row["name"]: row["completion"] for row in map(json.loads, file)}
    problems = [each for each in task.problems() if each.id in answers][:count]
    return [task.program(each, Sample(each.id, 0, solution=answers[each.id])) for each in problems]


def plainly(language: str, programs: Sequence[Program]) -> tuple[float, int]:
    """Return seconds and how many ended well, by the plain way."""
    name, commands = PLAIN[language]
    environment = {**os.environ, "GO111MODULE": "off"}
    passed, started = 0, time.perf_counter()
    for program in programs:
        with tempfile.TemporaryDirectory() as folder:
            (Path(folder) / name).write_text(program.source)
            for command in commands:
                try:
                    done = subprocess.run(
                        command.split(),
                        cwd=folder,
                        env=environment,
                        stdin=subprocess.DEVNULL,
                        capture_output=True,
                        timeout=15,
                    )
                except subprocess.TimeoutExpired:
                    break
                if done.returncode:
                    break
            else:
                passed += END.encode() in done.stdout
    return time.perf_counter() - started, passed


def main() -> None:
    """Measure, and print a row for each language."""
    sandbox, names, count = (*sys.argv[1:], *("docker", "", "20")[len(sys.argv) - 1 :])
    print(f"{sandbox}, {count} programs, one worker; samples/s and passes, in two turns")
    for language in names.split(",") if names else PLAIN:
        programs = programs_of(language, int(count))
        row = [LANGUAGES[language].title]
        with open_executor(sandbox, workers=1) as executor:
            executor.run(programs[0])
            for _ in range(2):
                started = time.perf_counter()
                verdicts = list(executor.run_many(programs))
                ours = len(programs) / (time.perf_counter() - started)
                passed = sum(each.status == "passed" for each in verdicts)
                seconds, theirs = plainly(language, programs)
                plain = len(programs) / seconds
                row.append(f"{ours:.1f} ({passed}) to {plain:.1f} ({theirs}): {ours / plain:.1f}x")
        print(" | ".join(row), flush=True)


if __name__ == "__main__":
    main()
