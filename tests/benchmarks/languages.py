"""Programs in each language: samples a second here and by the plain way, side by side.

    python tests/benchmarks/languages.py [LANGUAGES] [COUNT]

The plain way is that of today's evaluators: in one container with the same tools each program is
written to a folder of its own, and compiled and run by commands that start anew, two at a time. It
has no limits but of time, and nothing keeps programs from each other. Here there are two workers.
The two take turns, three times; the first turn warms both and does not count. Here there are WARM
times as many programs, as compilers that stay become faster for a while.

Programs are solutions of starter's problems with their tests, where there are solutions; else one
that adds two numbers, again and again.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Sequence
from itertools import cycle, islice
from pathlib import Path

from codeeval.sandbox.executor import open_executor
from codeeval.sandbox.image import image_tag
from codeeval.sandbox.languages import LANGUAGES, TUPLES
from codeeval.sandbox.program import Limits, Program, Stdio
from codeeval.tasks.registry import load_task
from codeeval.tasks.starter_languages import solved_languages
from codeeval.tasks.task import Sample

ROOT = Path(__file__).resolve().parents[2]
LIMITS = Limits(cpu_seconds=20.0, wall_seconds=60.0, memory_bytes=2**31)
WARM = 5
GO = "GO111MODULE=off GOPATH=/usr/share/gocode GOFLAGS=-count=1"
JAVA = f"javac -encoding UTF8 -cp {TUPLES} -d . Problem.java && java -ea -cp {TUPLES}:. Problem"
PLAIN = {
    "ada": ("p.ada", "gnatchop -w p.ada >&2 && gnatmake -q -gnatW8 -gnata *.adb -o p && ./p"),
    "bash": ("p.sh", "bash p.sh"),
    "c": ("p.c", "gcc -std=c17 p.c -o p -lm && ./p"),
    "cpp": ("p.cpp", "g++ -std=c++17 p.cpp -o p && ./p"),
    "csharp": ("p.cs", "mcs /d:DEBUG -r:System.Numerics.dll p.cs && mono p.exe"),
    "d": ("p.d", "ldmd2 -unittest -of=p p.d && ./p"),
    "go": ("p_test.go", f"{GO} go test -vet=off p_test.go"),
    "haskell": ("p.hs", "ghc -v0 -O0 -o p p.hs && ./p"),
    "java": ("Problem.java", JAVA),
    "javascript": ("p.js", "node p.js"),
    "lua": ("p.lua", "lua5.3 p.lua"),
    "ocaml": ("p.ml", "ocamlopt -w -a -o p p.ml && ./p"),
    "octave": ("p.m", "octave-cli --norc p.m"),
    "perl": ("p.pl", "perl p.pl"),
    "php": ("p.php", "php p.php"),
    "python": ("p.py", "python3 p.py"),
    "r": ("p.r", "Rscript --vanilla p.r"),
    "racket": ("p.rkt", "racket p.rkt"),
    "ruby": ("p.rb", "ruby p.rb"),
    "rust": ("p.rs", "rustc -C debuginfo=0 p.rs -o p && ./p"),
    "scala": ("p.scala", "scalac -d . p.scala && scala -cp . Sum"),
    "typescript": ("p.ts", "tsc --target esnext p.ts && node p.js"),
}  # fmt: skip
"""How an evaluator runs a program: its file, and a command."""
DRIVER = """
import json, os, subprocess, sys, tempfile, time
from concurrent.futures import ThreadPoolExecutor
name, command, programs = json.load(sys.stdin)
def run(program):
    text, stdin = program
    with tempfile.TemporaryDirectory() as folder:
        with open(os.path.join(folder, name), "w") as file:
            file.write(text)
        env = {**os.environ, "NODE_PATH": "/usr/share/nodejs", "HOME": folder}
        try:
            done = subprocess.run(["sh", "-c", command], cwd=folder, env=env, timeout=60,
                                  input=stdin.encode(), capture_output=True)
        except subprocess.TimeoutExpired:
            return False
        return done.returncode == 0
with ThreadPoolExecutor(2) as pool:
    started = time.monotonic()
    passed = sum(pool.map(run, programs))
    print(json.dumps([time.monotonic() - started, passed]))
"""


def programs_of(language: str, count: int) -> list[Program]:
    """Return programs in a language."""
    if language in solved_languages():
        task = load_task("starter-multilingual", language=language)
        found = [
            task.program(each, Sample(each.id, 0, solution=each.reference))
            for each in task.problems()
        ]
    else:
        sys.path.insert(0, str(ROOT))
        from tests.sandbox.languages import source_of

        check = Stdio((("3 4\n", "7\n"),))
        found = [Program(source_of(language, ""), (check,), LIMITS, language)]
    return list(islice(cycle(found), count))


def plainly(language: str, programs: Sequence[Program]) -> tuple[float, int]:
    """Return seconds and how many ended well, by the plain way."""
    name, command = PLAIN[language]
    texts = [
        (each.source, each.checks[0].cases[0][0] if isinstance(each.checks[0], Stdio) else "")
        for each in programs
    ]
    image = image_tag(LANGUAGES[language].image)
    done = subprocess.run(
        ["docker", "run", "--rm", "-i", "--network", "none", image, "python3", "-c", DRIVER],
        input=json.dumps([name, command, texts]),
        capture_output=True,
        text=True,
        check=True,
    )
    seconds, passed = json.loads(done.stdout)
    return seconds, passed


def main() -> None:
    """Measure, and print a row for each language."""
    names, count = (*sys.argv[1:], *("", "48")[len(sys.argv) - 1 :])
    print("| language | samples/s here | plain | ratio | passed here, plain |")
    print("| --- | --- | --- | --- | --- |")
    for language in names.split(",") if names else PLAIN:
        programs = programs_of(language, int(count))
        many = programs * WARM
        ours, plain, right = list[float](), list[float](), (0, 0)
        with open_executor("docker", workers=2, limits=programs[0].limits) as executor:
            for turn in range(3):
                started = time.perf_counter()
                verdicts = list(executor.run_many(many))
                seconds = time.perf_counter() - started
                passed = sum(each.status == "passed" for each in verdicts)
                plain_seconds, plain_passed = plainly(language, programs)
                if turn:
                    ours.append(len(many) / seconds)
                    plain.append(len(programs) / plain_seconds)
                    right = passed, plain_passed
        ratio = sum(ours) / sum(plain)
        print(
            f"| {LANGUAGES[language].title} | {sum(ours) / 2:.1f} | {sum(plain) / 2:.1f} | "
            f"{ratio:.1f} | {right[0]} of {len(many)}, {right[1]} of {len(programs)} |",
            flush=True,
        )


if __name__ == "__main__":
    main()
