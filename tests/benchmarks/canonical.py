"""The full matrix: each solution that comes with a benchmark in many languages has to pass.

    CODEEVAL_TEST_DATA=... python tests/benchmarks/canonical.py FILE [SANDBOX] [TASKS] [LANGUAGES]

Verdicts are added to FILE, a line of JSON each; what is there is not run again, so that the command
goes on where it was stopped. At the end the table of docs/canonical.md is printed, and what failed.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from codeeval.evaluation import evaluate_iter
from codeeval.tasks.humaneval_x import LANGUAGES
from codeeval.tasks.mxeval import FILES, HUMANEVAL_FILES
from codeeval.tasks.registry import load_task
from codeeval.tasks.starter_languages import solved_languages
from codeeval.tasks.task import Sample, Task

DATA = Path(os.environ.get("CODEEVAL_TEST_DATA", "../shared/data")) / "multilingual"


def tasks() -> Iterator[tuple[str, str, Task]]:
    """Yield the name of each task, a language, and the task in it."""
    for language in solved_languages():
        task = load_task("starter-multilingual", language=language)
        yield "starter-multilingual", language, task
    for language, (short, *_) in LANGUAGES.items():
        file = DATA / "humaneval-x" / f"humaneval_{short}.jsonl.gz"
        yield "humaneval-x", language, load_task("humaneval-x", language=language, data_file=file)
    for name, folder, files in (
        ("mbxp", "mbxp", FILES),
        ("multilingual-humaneval", "multilingual_humaneval", HUMANEVAL_FILES),
    ):
        for language, stem in files.items():
            file = DATA / "mxeval" / folder / f"{stem}.jsonl.gz"
            yield name, language, load_task(name, language=language, data_file=file)


def known_in(file: Path) -> list[dict[str, Any]]:
    """Return the verdicts that a file has; a line that was cut short does not count."""
    if not file.exists():
        return []
    lines = file.read_text("utf-8").splitlines(keepends=True)
    return [json.loads(line) for line in lines if line.endswith("\n")]


def judge(file: Path, sandbox: str, names: str, languages: str) -> None:
    """Judge what is not known yet."""
    done = {(row["task"], row["language"], row["id"]) for row in known_in(file)}
    for name, language, task in tasks():
        wanted = name in (names or name).split(",") and language in (languages or language).split(
            ","
        )
        samples = [
            Sample(each.id, 0, solution=each.reference)
            for each in task.problems()
            if wanted and each.reference and (name, language, each.id) not in done
        ]
        if not samples:
            continue
        print(f"{name} {language}: {len(samples)}", file=sys.stderr, flush=True)
        with file.open("a", encoding="utf-8") as out:
            for result in evaluate_iter(samples, task, sandbox=sandbox):
                row = {
                    "task": name,
                    "language": language,
                    "id": result.task_id,
                    "status": result.verdict.status.value,
                    "message": result.verdict.message[:300],
                    "stderr": result.verdict.stderr[:600],
                }
                out.write(json.dumps(row) + "\n")
                out.flush()


def show(file: Path) -> None:
    """Print how many pass, and those that do not."""
    rows = known_in(file)
    print("| task | language | solutions | pass | others |\n| --- | --- | --- | --- | --- |")
    for name, language in dict.fromkeys((row["task"], row["language"]) for row in rows):
        group = [row for row in rows if (row["task"], row["language"]) == (name, language)]
        failed = [row for row in group if row["status"] != "passed"]
        numbers = ", ".join(row["id"].rpartition("/")[2] for row in failed)
        print(f"| {name} | {language} | {len(group)} | {len(group) - len(failed)} | {numbers} |")
    for row in rows:
        if row["status"] != "passed":
            said = (row["stderr"] or row["message"]).strip().splitlines()[:1]
            print(f"{row['language']} {row['id']}: {row['status']}: {row['message'][:100]} {said}")


if __name__ == "__main__":
    path, *others = sys.argv[1:]
    judge(Path(path), *(*others, *("docker", "", "")[len(others) :]))
    show(Path(path))
