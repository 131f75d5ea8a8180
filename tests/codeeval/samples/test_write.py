from __future__ import annotations

import gzip
import json
import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from codeeval.samples.errors import SampleError
from codeeval.samples.ids import SampleIds
from codeeval.samples.read import read_samples
from codeeval.samples.write import write_directory, write_generations, write_jsonl
from codeeval.tasks.task import Sample

IDS = SampleIds(("HumanEval/0", "HumanEval/1", "a_b/1", "MBPP/11", "x"))
ANY_TEXT = st.text(st.characters(codec=None, categories=None))  # half surrogates included
UTF8_TEXT = st.text().filter(lambda text: not text.startswith("\ufeff"))
VALUES = st.none() | st.booleans() | st.integers() | st.text()
OWN_KEYS = {"task_id", "sample_id", "solution", "completion", "model", "no_code"}
EXTRA = st.dictionaries(st.text().filter(lambda key: key not in OWN_KEYS), VALUES, max_size=3)


@st.composite
def sample_lists(draw, text=ANY_TEXT, solutions_only=False, dense=False, bare=False):
    pairs = draw(
        st.lists(
            st.tuples(st.sampled_from(IDS.ids), st.integers(0, 30)),
            unique=True,
            min_size=1,
            max_size=12,
        )
    )
    samples: list[Sample] = []
    counts: dict[str, int] = {}
    for task_id, index in pairs:
        if dense:
            index = counts[task_id] = counts.get(task_id, -1) + 1
        code = {"solution" if solutions_only or draw(st.booleans()) else "completion": draw(text)}
        more = {} if bare else {"model": draw(ANY_TEXT), "extra": draw(EXTRA)}
        samples.append(Sample(task_id, index, **code, **more))
    return samples


def read(path):
    """Read back, without the lines that the samples stand on."""
    return [
        Sample(each.task_id, each.index, each.completion, each.solution, each.model, each.extra)
        for each in read_samples(path, IDS, report=lambda _: None)
    ]


def in_order(samples):
    return sorted(samples, key=lambda each: (IDS.ids.index(each.task_id), each.index))


@settings(deadline=None)
@given(sample_lists(), st.sampled_from(["x.jsonl", "x.jsonl.gz"]))
def test_jsonl_comes_back_as_it_was(samples, name):
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / name
        assert write_jsonl(path, iter(samples)) == len(samples)
        assert (path.read_bytes()[:2] == b"\x1f\x8b") == name.endswith("gz")
        assert read(path) == samples


@settings(deadline=None)
@given(sample_lists(UTF8_TEXT, solutions_only=True, bare=True))
def test_a_directory_comes_back_in_the_order_of_the_task(samples):
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "samples"
        assert write_directory(path, iter(samples)) == len(samples)
        assert read(path) == in_order(samples)


@settings(deadline=None)
@given(sample_lists(solutions_only=True, dense=True, bare=True), st.booleans())
def test_generations_come_back_in_the_order_of_the_task(samples, zipped):
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / ("g.json.gz" if zipped else "g.json")
        assert write_generations(path, iter(samples), IDS) == len(samples)
        assert read(path) == in_order(samples)


def test_no_code_survives_jsonl_and_generations(tmp_path):
    samples = [Sample("x", 0, solution="", extra={"no_code": True}), Sample("x", 1, solution="")]
    write_jsonl(tmp_path / "x.jsonl", samples)
    write_generations(tmp_path / "x.json", samples, IDS)
    assert read(tmp_path / "x.jsonl") == samples
    assert read(tmp_path / "x.json") == samples
    assert json.loads((tmp_path / "x.json").read_text()) == [[], [], [], [], [None, ""]]


def test_a_line_holds_the_keys_that_other_tools_read(tmp_path):
    sample = Sample(
        "HumanEval/0", 2, completion="c", model="m", extra={"usage": {"n": 1}, "model": 3}
    )
    write_jsonl(tmp_path / "x.jsonl", [sample])
    assert json.loads((tmp_path / "x.jsonl").read_text()) == {
        "task_id": "HumanEval/0",
        "sample_id": 2,
        "completion": "c",
        "model": "m",
        "usage": {"n": 1},
    }


def test_equal_samples_give_equal_gzip_files(tmp_path):
    for name in ("a.jsonl.gz", "b.jsonl.gz"):
        write_jsonl(tmp_path / name, [Sample("x", 0, solution="s")])
    assert (tmp_path / "a.jsonl.gz").read_bytes() == (tmp_path / "b.jsonl.gz").read_bytes()
    assert gzip.decompress((tmp_path / "a.jsonl.gz").read_bytes()).endswith(b"\n")


def broken():
    yield Sample("x", 0, solution="new")
    raise RuntimeError("the source broke")


@pytest.mark.parametrize("name", ["x.jsonl", "x.jsonl.gz"])
def test_a_write_that_breaks_leaves_the_old_file_and_nothing_else(tmp_path, name):
    (tmp_path / name).write_text("old")
    with pytest.raises(RuntimeError, match="the source broke"):
        write_jsonl(tmp_path / name, broken())
    with pytest.raises(RuntimeError, match="the source broke"):
        write_generations(tmp_path / name, broken(), IDS)
    assert [(each.name, each.read_text()) for each in tmp_path.iterdir()] == [(name, "old")]


def test_a_directory_that_breaks_leaves_nothing(tmp_path):
    with pytest.raises(RuntimeError, match="the source broke"):
        write_directory(tmp_path / "samples", broken())
    assert list(tmp_path.iterdir()) == []


def test_an_empty_directory_is_filled_and_a_full_one_refused(tmp_path):
    path = tmp_path / "samples"
    path.mkdir()
    write_directory(path, [Sample("a_b/1", 3, solution="s")], suffix=".cpp")
    assert (path / "a_b_1" / "3.cpp").read_text() == "s"
    with pytest.raises(SampleError, match="is there already"):
        write_directory(path, [])


@pytest.mark.parametrize(
    ("samples", "message"),
    [
        ([Sample("x", 0, completion="c")], "sample 0 of 'x' is a completion"),
        ([Sample("x", 0, solution="\ud800")], "sample 0 of 'x' is no UTF-8"),
        ([Sample("x", 0, solution="s")] * 2, "sample 0 of 'x' came twice"),
        ([Sample("a/b", 0, solution="s"), Sample("a_b", 0, solution="s")], "'a_b' came twice"),
        ([Sample("..", 0, solution="s")], r"no folder can be named after '\.\.'"),
        ([Sample("", 0, solution="s")], "no folder can be named after ''"),
    ],
)
def test_what_a_directory_cannot_hold_is_refused(tmp_path, samples, message):
    with pytest.raises(SampleError, match=message):
        write_directory(tmp_path / "samples", samples)
    assert list(tmp_path.iterdir()) == []


def test_what_generations_cannot_hold_is_refused(tmp_path):
    with pytest.raises(SampleError, match="is a completion"):
        write_generations(tmp_path / "g.json", [Sample("x", 0, completion="c")], IDS)
    with pytest.raises(SampleError, match="'y' is no problem of this task"):
        write_generations(tmp_path / "g.json", [Sample("y", 0, solution="c")], IDS)


def test_a_place_that_cannot_be_written_is_a_sample_error(tmp_path):
    (tmp_path / "file").write_text("")
    for write in (write_jsonl, write_directory):
        with pytest.raises(SampleError, match="cannot be written"):
            write(tmp_path / "file" / "below", [])
