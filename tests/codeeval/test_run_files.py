"""What a killed or repeated run left behind is read for what it is."""

from __future__ import annotations

import gzip
import json

import pytest

from codeeval.run_files import ResultIndex, RunFileError, iter_results, iter_samples
from codeeval.sandbox.verdict import Status
from tests.codeeval.run_directories import check, judged, realistic, write_run


def test_the_index_finds_every_result(tmp_path):
    run = realistic(8, 5)
    write_run(tmp_path, run)
    with ResultIndex(tmp_path) as results:
        for item in run:
            found = results.get(item.sample.task_id, item.sample.index)
            assert found["verdict"]["status"] == item.verdict.status
        assert results.get("HumanEval/0", 5) is None
        assert results.get("HumanEval/8", 0) is None


def test_a_gap_in_the_numbers_is_no_result(tmp_path):
    fine = check("base", Status.PASSED)
    write_run(tmp_path, [judged("A/0", 3, fine, fine)])
    with ResultIndex(tmp_path) as results:
        assert [results.get("A/0", index) is None for index in range(5)] == [True] * 3 + [
            False,
            True,
        ]


def test_a_last_line_without_an_end_is_passed_over(tmp_path):
    (tmp_path / "results.jsonl").write_text('{"a": 1}\n{"b": 2}')
    assert list(iter_results(tmp_path)) == [(0, {"a": 1})]


def test_a_broken_line_is_named(tmp_path):
    (tmp_path / "results.jsonl").write_text('{"a": 1}\n{"b\n{"c": 3}\n')
    with pytest.raises(RunFileError, match=r"results\.jsonl, line 2: not a JSON object"):
        list(iter_results(tmp_path))


def test_samples_come_back_as_they_were(tmp_path):
    run = realistic(3, 2)
    write_run(tmp_path, run)
    assert [(s.task_id, s.index, s.text) for s in iter_samples(tmp_path)] == [
        (item.sample.task_id, item.sample.index, item.sample.text) for item in run
    ]


def test_a_number_may_be_called_sample_id(tmp_path):
    with gzip.open(tmp_path / "samples.jsonl.gz", "wt") as file:
        file.write(json.dumps({"task_id": "A/0", "sample_id": 4, "solution": "x", "t": 1}) + "\n")
    (sample,) = iter_samples(tmp_path)
    assert (sample.index, sample.solution, sample.extra) == (4, "x", {"t": 1})
