"""A run directory keeps what is finished, whatever ends the process that writes it."""

from __future__ import annotations

import gzip
import json
import subprocess
import sys
from pathlib import Path

import pytest

from codeeval.judging import SampleResult
from codeeval.run_directory import RunConflict, RunDirectory, find_run, new_run
from codeeval.run_files import iter_samples, read_manifest
from codeeval.sandbox.errors import CodeEvalError
from codeeval.tasks.task import Sample
from tests.codeeval.evaluating import lines_of, verdict_of

ROOT = Path(__file__).resolve().parents[2]
SPEC = {"task": "tiny", "data_digest": "d" * 64, "cpu_seconds": None}
MANIFEST = {"spec": SPEC, "started": "2026-01-02T03:04:05Z", **SPEC}
ORDER = ["A/0", "A/1", "A/2"]


def result(task_id: str, index: int, program: str = "p", status: str = "passed") -> SampleResult:
    return SampleResult(task_id, index, program, {"pass": 1.0}, verdict_of(status))


def sample(task_id: str, index: int) -> Sample:
    return Sample(task_id, index, completion="x")


def write(path: Path, *results: SampleResult) -> None:
    with RunDirectory(path, MANIFEST) as run:
        for each in results:
            run.append(each)


# -- going on ------------------------------------------------------------------------------------


def test_what_was_judged_is_known_again(tmp_path):
    write(tmp_path, result("A/0", 0), result("A/1", 3, "q"))
    with RunDirectory(tmp_path, MANIFEST) as run:
        assert run.finished == 2
        assert run.has(sample("A/0", 0), "p")
        assert run.has(sample("A/1", 3), "q")
        assert not run.has(sample("A/1", 3), "p"), "the sample has changed"
        assert not run.has(sample("A/0", 1), "p")
        assert not run.has(sample("A/2", 0), "p")


@pytest.mark.parametrize("cut", [1, 2, 20, 150])
def test_half_a_line_is_cut_off_and_its_sample_judged_again(tmp_path, cut):
    write(tmp_path, result("A/0", 0), result("A/1", 0))
    path = tmp_path / "results.jsonl"
    path.write_bytes(path.read_bytes()[:-cut])
    with RunDirectory(tmp_path, MANIFEST) as run:
        assert run.finished == 1
        assert run.has(sample("A/0", 0), "p")
        assert not run.has(sample("A/1", 0), "p")
        run.append(result("A/1", 0))
    assert [line["task_id"] for line in lines_of(tmp_path)] == ["A/0", "A/1"]


def test_what_a_crash_of_the_machine_leaves_is_cut_off(tmp_path):
    write(tmp_path, result("A/0", 0))
    path = tmp_path / "results.jsonl"
    path.write_bytes(path.read_bytes() + b"\0" * 700 + b"\n")
    with RunDirectory(tmp_path, MANIFEST) as run:
        assert run.finished == 1
    assert len(lines_of(tmp_path)) == 1


def test_every_line_is_there_at_once(tmp_path):
    """Another process sees it: kill -9 loses nothing that was appended."""
    with RunDirectory(tmp_path, MANIFEST) as run:
        for number in range(3):
            run.append(result("A/0", number))
            assert len(lines_of(tmp_path)) == number + 1


def test_a_sample_that_could_not_be_judged_is_not_finished(tmp_path):
    write(tmp_path, result("A/0", 0, status="infrastructure_error"), result("A/1", 0))
    with RunDirectory(tmp_path, MANIFEST) as run:
        assert run.finished == 1
        assert not run.has(sample("A/0", 0), "p")
        run.has(sample("A/1", 0), "p")
        run.append(result("A/0", 0))
        run.put_in_order(ORDER)
    assert [line["verdict"]["status"] for line in lines_of(tmp_path)] == ["passed", "passed"]


def test_the_last_line_of_a_sample_says_what_it_is(tmp_path):
    """A sample that was changed and changed back is judged as it is now."""
    write(tmp_path, result("A/0", 0, "old"))
    write(tmp_path, result("A/0", 0, "new"))
    with RunDirectory(tmp_path, MANIFEST) as run:
        assert run.finished == 1
        assert not run.has(sample("A/0", 0), "old")
        assert run.has(sample("A/0", 0), "new")


def test_the_start_is_that_of_the_first_process(tmp_path):
    write(tmp_path)
    with RunDirectory(tmp_path, {**MANIFEST, "started": "later"}) as run:
        assert run.manifest["started"] == MANIFEST["started"]
    assert read_manifest(tmp_path)["started"] == MANIFEST["started"]


# -- conflicts -----------------------------------------------------------------------------------


def test_another_evaluation_is_refused_by_what_differs(tmp_path):
    write(tmp_path, result("A/0", 0))
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    other = {**MANIFEST, "spec": {**SPEC, "cpu_seconds": 5.0, "limit": 3}}
    with pytest.raises(RunConflict) as caught:
        RunDirectory(tmp_path, other)
    assert str(caught.value) == (
        f"{tmp_path}: holds another evaluation (cpu_seconds, limit differ); choose another "
        "--output, or --overwrite it"
    )
    assert isinstance(caught.value, CodeEvalError)
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before


def test_overwriting_begins_anew(tmp_path):
    write(tmp_path, result("A/0", 0))
    (tmp_path / "report.json").write_text("{}")
    (tmp_path / "notes.txt").write_text("mine")
    other = {**MANIFEST, "spec": {"task": "other"}}
    with RunDirectory(tmp_path, other, overwrite=True) as run:
        assert run.finished == 0
    assert {path.name for path in tmp_path.iterdir()} == {
        ".lock",
        "notes.txt",
        "results.jsonl",
        "run.json",
    }
    assert (tmp_path / "results.jsonl").read_text() == ""


@pytest.mark.parametrize("name", ["results.jsonl", "report.json", "samples.jsonl.gz"])
def test_files_of_somebody_else_are_left_alone(tmp_path, name):
    (tmp_path / name).write_text("not ours\n")
    with pytest.raises(RunConflict, match=f"holds {name} but no run.json"):
        RunDirectory(tmp_path, MANIFEST)
    assert (tmp_path / name).read_text() == "not ours\n"


def test_a_spoilt_manifest_is_refused(tmp_path):
    (tmp_path / "run.json").write_text('{"spec": ')
    with pytest.raises(RunConflict, match=r"run\.json: not JSON .*--overwrite begins anew"):
        RunDirectory(tmp_path, MANIFEST)
    with RunDirectory(tmp_path, MANIFEST, overwrite=True):
        pass
    assert read_manifest(tmp_path)["spec"] == SPEC


HOLD = """
import sys
from pathlib import Path
from codeeval.run_directory import RunDirectory
with RunDirectory(Path(sys.argv[1]), {"spec": {}}):
    print("held", flush=True)
    sys.stdin.read()
"""


def test_one_process_at_a_time(tmp_path):
    with subprocess.Popen(
        [sys.executable, "-c", HOLD, str(tmp_path)],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as other:
        assert other.stdout.readline() == b"held\n"
        with pytest.raises(RunConflict) as caught:
            RunDirectory(tmp_path, {"spec": {}}, overwrite=True)
        assert str(caught.value) == (
            f"{tmp_path}: another process is evaluating into it; wait, or choose another --output"
        )
        other.kill()
    with RunDirectory(tmp_path, {"spec": {}}):
        pass  # a lock ends with its process, however that ended


def test_a_failed_beginning_holds_no_lock(tmp_path):
    write(tmp_path)
    with pytest.raises(RunConflict):
        RunDirectory(tmp_path, {"spec": {"task": "other"}})
    write(tmp_path)


# -- order ---------------------------------------------------------------------------------------


def test_lines_are_put_in_the_order_of_problems_and_samples(tmp_path):
    with RunDirectory(tmp_path, MANIFEST) as run:
        for task_id, index in [("A/2", 0), ("A/0", 11), ("A/0", 2), ("A/1", 0), ("A/0", 0)]:
            run.append(result(task_id, index))
        run.put_in_order(ORDER)
        run.append(result("A/2", 1))
    found = [(line["task_id"], line["index"]) for line in lines_of(tmp_path)]
    assert found == [("A/0", 0), ("A/0", 2), ("A/0", 11), ("A/1", 0), ("A/2", 0), ("A/2", 1)]


def test_of_several_lines_the_last_is_kept(tmp_path):
    write(tmp_path, result("A/0", 0, "old"), result("A/1", 0))
    with RunDirectory(tmp_path, MANIFEST) as run:
        for task_id in ("A/0", "A/1"):
            run.has(sample(task_id, 0), "new" if task_id == "A/0" else "p")
        run.append(result("A/0", 0, "new"))
        run.put_in_order(ORDER)
    assert [line["program"] for line in lines_of(tmp_path)] == ["new", "p"]


def test_samples_that_have_not_come_again_are_left_out(tmp_path):
    write(tmp_path, result("A/0", 0), result("A/0", 1), result("A/1", 0))
    with RunDirectory(tmp_path, MANIFEST) as run:
        assert run.has(sample("A/0", 1), "p")
        run.put_in_order(ORDER)
    assert [(line["task_id"], line["index"]) for line in lines_of(tmp_path)] == [("A/0", 1)]


# -- samples and names ---------------------------------------------------------------------------


def test_samples_are_kept_as_they_came(tmp_path):
    samples = [
        Sample("A/0", 0, completion="a\n", model="m", extra={"temperature": 0.2}),
        Sample("A/1", 5, solution="\udc80 \N{SNOWMAN}", extra={"task_id": "else", "no_code": True}),
    ]
    with RunDirectory(tmp_path, MANIFEST) as run:
        assert list(run.recording(samples)) == samples
    read = list(iter_samples(tmp_path))
    assert [(s.task_id, s.index, s.text, s.model) for s in read] == [
        (s.task_id, s.index, s.text, s.model) for s in samples
    ]
    assert read[0].extra == {"temperature": 0.2}
    assert read[1].extra == {"no_code": True}


def test_samples_that_were_not_all_read_are_not_taken_for_all(tmp_path):
    with RunDirectory(tmp_path, MANIFEST) as run:
        source = run.recording([sample("A/0", 0), sample("A/0", 1)])
        next(source)
        source.close()
    assert not (tmp_path / "samples.jsonl.gz").exists()
    assert not (tmp_path / "samples.jsonl.gz.part").exists()


def test_equal_samples_make_equal_files(tmp_path):
    for name in ("one", "two"):
        with RunDirectory(tmp_path / name, MANIFEST) as run:
            list(run.recording([sample("A/0", 0)]))
    one, two = ((tmp_path / name / "samples.jsonl.gz").read_bytes() for name in ("one", "two"))
    assert one == two
    assert json.loads(gzip.decompress(one)) == {"task_id": "A/0", "index": 0, "completion": "x"}


def test_a_run_is_found_again_by_what_it_is(tmp_path):
    first = find_run(tmp_path, SPEC, "my task/x")
    assert first.parent == tmp_path
    assert "-my-task-x-" in first.name
    write(first)
    assert find_run(tmp_path, dict(reversed(SPEC.items())), "my task/x") == first
    assert find_run(tmp_path, {**SPEC, "cpu_seconds": 1.0}, "my task/x") != first


def test_a_new_run_is_nobody_elses(tmp_path):
    paths = []
    for _ in range(3):
        paths.append(new_run(tmp_path, SPEC, "tiny"))
        write(paths[-1])
    assert len(set(paths)) == 3


@pytest.mark.parametrize("name", [".lock", "log.txt", "report.html.part"])
def test_a_link_in_a_directory_is_not_followed(tmp_path, name):
    (tmp_path / "victim").write_text("mine")
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / name).symlink_to(tmp_path / "victim")
    with pytest.raises(RunConflict, match="is a link"):
        RunDirectory(tmp_path / "run", {"spec": {}})
    assert (tmp_path / "victim").read_text() == "mine"
