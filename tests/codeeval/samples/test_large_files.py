from __future__ import annotations

import gzip
import json
import subprocess
import sys
import time

import pytest

MEASURED = """
import resource, sys
from codeeval.samples.completeness import Completeness
from codeeval.samples.errors import SampleError
from codeeval.samples.ids import SampleIds
from codeeval.samples.read import read_samples

def peak_bytes():
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit

ids = SampleIds(tuple(f"HumanEval/{number}" for number in range(164)))
completeness = Completeness(ids)
before = peak_bytes()
error = ""
try:
    for sample in completeness.watch(read_samples(sys.argv[1], ids, report=lambda _: None)):
        pass
except SampleError as found:
    error = str(found)
print(sum(completeness.counts.values()), peak_bytes() - before, error)
"""


def measure(path):
    """Read ``path`` in a fresh process; return samples, growth of peak memory, and the error."""
    command = [sys.executable, "-c", MEASURED, str(path)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    count, grown, error = done.stdout.rstrip("\n").split(" ", 2)
    return int(count), int(grown), error


def record(number, **more):
    code = f"    return {number}\n    # a line of some length, as programs have them\n"
    return {"task_id": f"HumanEval/{number % 164}", "completion": code, **more}


def write_lines(path, count, opened=open, **more):
    with opened(path, "wt") as out:
        for number in range(count):
            out.write(json.dumps(record(number, **more)) + "\n")


@pytest.mark.parametrize("name", ["x.jsonl", "x.jsonl.gz"])
def test_memory_does_not_grow_with_the_file(tmp_path, name):
    write_lines(tmp_path / name, 60_000, gzip.open if name.endswith("gz") else open, pad="x" * 600)
    count, grown, error = measure(tmp_path / name)
    assert (count, error) == (60_000, "")
    assert grown < 12 * 2**20  # the file: 45 MB


@pytest.mark.parametrize("kind", ["generations", "results"])
def test_memory_does_not_grow_with_a_document(tmp_path, kind):
    code = "x" * 1000
    if kind == "generations":
        text = json.dumps([[code] * 250 for _ in range(164)])
    else:
        judged = [{"solution": code, "base_status": "pass"}] * 250
        text = json.dumps({"eval": {f"HumanEval/{number}": judged for number in range(164)}})
    (tmp_path / "x.json").write_text(text)
    count, grown, error = measure(tmp_path / "x.json")
    assert (count, error) == (41_000, "")
    assert grown < 12 * 2**20  # the file: 41 MB and more


def test_a_line_without_end_is_refused_without_reading_it_all(tmp_path):
    path = tmp_path / "x.jsonl.gz"
    with gzip.open(path, "wb", compresslevel=1) as out:
        out.write(json.dumps(record(0)).encode() + b"\n" + b'{"completion": "')
        for _ in range(400):
            out.write(b"x" * 2**20)
    count, grown, error = measure(path)
    assert count == 1
    assert "line 2: longer than 67108864 bytes" in error
    assert grown < 200 * 2**20


@pytest.mark.slow
def test_a_million_lines_in_constant_memory(tmp_path):
    path = tmp_path / "x.jsonl"
    write_lines(path, 1_000_000)
    started = time.perf_counter()
    count, grown, error = measure(path)
    seconds = time.perf_counter() - started
    assert (count, error) == (1_000_000, "")
    assert grown < 12 * 2**20
    assert count / seconds > 20_000  # 250_000 on an idle machine
