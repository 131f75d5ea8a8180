"""Tracing: what the tracer costs beside its floor, and how long predicted inputs take to score.

    CODEEVAL_TEST_DATA=... python3.12 tests/benchmarks/tracing.py cost [REPEATS]
    CODEEVAL_TEST_DATA=... python tests/benchmarks/tracing.py inputs [SANDBOX]

``cost``: the 1,083 calls of HumanEval's references that CoCoNUT has, each untraced, with
`sys.monitoring` calling a function that does nothing at each line (the floor), and traced; the
least of some repeats of each. It needs Python 3.12 or later, and none of our dependencies.

``inputs``: for each of CRUXEval's 800 problems the input that it gives, five times, and those of
five other problems, scored by the command on two cores.
"""

from __future__ import annotations

import csv
import importlib.util
import json
import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import CodeType, ModuleType
from typing import Any

DATA = Path(os.environ.get("CODEEVAL_TEST_DATA", "../shared/data"))
ROOT = Path(__file__).parents[2]
TOOL = 3
OTHERS = 5


def tracer() -> Any:
    """Return the tracer, which is loaded from its file."""
    spec = importlib.util.spec_from_file_location("tracer", ROOT / "sandbox" / "tracer.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def calls() -> Iterator[tuple[str, str]]:
    """Yield program and call."""
    with (DATA / "tracing" / "coconut" / "humaneval_traces.csv").open() as file:
        for row in csv.DictReader(file):
            source = re.sub(r"  # \d+$", "", row["Code_Indices"], flags=re.MULTILINE)
            given = eval(f"({row['FunctionCall']},)", {})
            arguments = given[0] if len(given) == 1 and isinstance(given[0], tuple) else given
            yield source, f"{row['Name']}(*{arguments!r})"


def at_the_floor(code: CodeType, run: Callable[[], object], all_code: Any) -> None:
    """Run something while a function that does nothing is told of each line."""
    monitoring = sys.monitoring  # type: ignore[attr-defined,unused-ignore]
    monitoring.use_tool_id(TOOL, "floor")
    monitoring.register_callback(TOOL, monitoring.events.LINE, lambda code, line: None)
    for each in all_code(code):
        monitoring.set_local_events(TOOL, each, monitoring.events.LINE)
    try:
        run()
    finally:
        monitoring.free_tool_id(TOOL)


def seconds_of(code: CodeType, call: CodeType, how: Callable[..., None]) -> float:
    """Return what a call takes in a fresh module, without the loading of the program."""
    module = ModuleType("traced")
    exec(code, module.__dict__)
    start = time.perf_counter()
    how(code, lambda: eval(call, module.__dict__))
    return time.perf_counter() - start


def cost(repeats: int) -> None:
    """Print what tracing costs."""
    ours = tracer()

    def untraced(code: CodeType, run: Callable[[], object]) -> None:
        run()

    def floor(code: CodeType, run: Callable[[], object]) -> None:
        at_the_floor(code, run, ours.all_code)

    def traced(code: CodeType, run: Callable[[], object]) -> None:
        ours.watched_by_monitoring(ours.Recorder(("<program>",), ours.MOST_STEPS), code, run)

    ways = untraced, floor, traced
    sums, ratios = [0.0, 0.0, 0.0], []
    for source, text in calls():
        call = compile(text, "<call>", "eval")
        least = [1e9, 1e9, 1e9]
        for _ in range(repeats):
            for number, how in enumerate(ways):
                code = compile(source, "<program>", "exec")
                least[number] = min(least[number], seconds_of(code, call, how))
        sums = [total + each for total, each in zip(sums, least, strict=True)]
        ratios.append(least[2] / least[1])
    ratios.sort()
    names = "untraced", "floor", "traced"
    print(f"{len(ratios)} calls, Python {sys.version.split()[0]}, the least of {repeats}:")
    print(", ".join(f"{name} {1e3 * each:.1f} ms" for name, each in zip(names, sums, strict=True)))
    print(
        f"traced to floor: {sums[2] / sums[1]:.2f} times in all, {ratios[len(ratios) // 2]:.2f} in "
        f"the median, {ratios[int(0.95 * len(ratios))]:.2f} in 19 of 20, {ratios[-1]:.2f} at most"
    )


def inputs(sandbox: str) -> None:
    """Print how long predicted inputs take."""
    file = DATA / "tracing" / "cruxeval" / "cruxeval.jsonl"
    problems = [json.loads(line) for line in file.read_text().splitlines()]
    with tempfile.TemporaryDirectory() as folder:
        samples = Path(folder) / "samples.jsonl"
        with samples.open("w") as out:
            for number, problem in enumerate(problems):
                others = (problems[(number + 1 + each) % len(problems)] for each in range(OTHERS))
                for said in [problem] * OTHERS + list(others):
                    reply = f"[ANSWER]assert f({said['input']}) == {problem['output']}[/ANSWER]"
                    line = {"task_id": problem["id"], "completion": reply}
                    out.write(json.dumps(line) + "\n")
        command = [sys.executable, "-m", "codeeval", "evaluate", "cruxeval-input", str(samples)]
        command += ["--data-file", str(file), "--sandbox", sandbox, "--workers", "2"]
        command += ["--no-progress", "--output", str(Path(folder) / "run")]
        start = time.perf_counter()
        subprocess.run(command, check=True)
        print(f"{2 * OTHERS * len(problems)} replies: {time.perf_counter() - start:.1f} s")


if __name__ == "__main__":
    if sys.argv[1] == "cost":
        cost(int(sys.argv[2]) if len(sys.argv) > 2 else 5)
    else:
        inputs(sys.argv[2] if len(sys.argv) > 2 else "docker")
