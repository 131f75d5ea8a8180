"""Print what came of the attacks as the tables of docs/security.md.

CODEEVAL_ATTACKS=rows.jsonl pytest tests/sandbox/test_attacks.py
python tests/benchmarks/attack_tables.py rows.jsonl
"""

from __future__ import annotations

import json
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

SECTIONS = {
    "A": "exhausting resources",
    "B": "escape and privilege",
    "C": "persistence",
    "D": "interference",
    "E": "forging verdicts",
    "F": "hiding what is used",
    "G": "leakage",
    "H": "output and protocol",
    "I": "processes",
    "J": "files",
    "K": "interpreter",
    "L": "network",
    "O": "our own",
}
STATUSES = ["wrong_answer", "runtime_error", "syntax_error", "timeout", "memory_limit", "passed"]


def broken(row: dict[str, Any]) -> bool:
    """Whether a promise was not kept."""
    return bool(row["forged"] or row["harmed"] or row["left"] or row["wrong"])


def line(title: str, rows: list[dict[str, Any]], last: str) -> str:
    """Return one line of a backend's table."""
    counts = Counter(row["status"] for row in rows)
    numbers = " | ".join(str(counts[status]) for status in STATUSES)
    return f"| {title} | {len(rows)} | {numbers} | {last} |"


def tables(rows: list[dict[str, Any]]) -> Iterator[str]:
    """Yield the lines of all tables."""
    sealed = [row for row in rows if row["check"] != "unsealed"]
    backends = list(dict.fromkeys(row["backend"] for row in sealed))
    for backend in backends:
        own = [row for row in sealed if row["backend"] == backend]
        yield f"\n### {backend}\n"
        yield f"| section | runs | {' | '.join(STATUSES)} | not as promised |"
        yield "|" + " --- |" * (len(STATUSES) + 3)
        for letter, title in SECTIONS.items():
            part = [row for row in own if row["row"].startswith(letter)]
            if part:
                odd = sorted({row["row"] for row in part if broken(row)})
                yield line(f"{letter} {title}", part, ", ".join(odd) or "none")
        yield line("all", own, "")
    yield "\n| backend | sealed runs | forged | harmed others | left something | longest |"
    yield "| --- | --- | --- | --- | --- | --- |"
    for backend in backends:
        own = [row for row in sealed if row["backend"] == backend]
        forged = sum(row["forged"] and not row["weakness"] for row in own)
        longest = max(own, key=lambda row: row["seconds"])
        yield (
            f"| {backend} | {len(own)} | {forged} | {sum(bool(row['harmed']) for row in own)} | "
            f"{sum(bool(row['left']) for row in own)} | {longest['seconds']:.1f} s "
            f"({longest['row']}) |"
        )
    unsealed = [row for row in rows if row["check"] == "unsealed"]
    for backend in dict.fromkeys(row["backend"] for row in unsealed):
        own = [row for row in unsealed if row["backend"] == backend]
        forged = Counter(row["row"] for row in own if row["status"] == "passed")
        names = ", ".join(f"{name} ({n})" if n > 1 else name for name, n in forged.items())
        yield f"\n{backend}, unsealed: {sum(forged.values())} of {len(own)} passed: {names}"


if __name__ == "__main__":
    lines = Path(sys.argv[1]).read_text("utf-8").splitlines()
    print("\n".join(tables([json.loads(text) for text in lines])))
