from __future__ import annotations

import gzip
import json
from collections import deque

import pytest

from codeeval.samples.errors import SampleError
from codeeval.samples.ids import SampleIds
from codeeval.samples.read import read_samples
from codeeval.tasks.task import Sample
from tests.data import data_path


def test_the_example_of_human_eval_is_read_as_it_is():
    path = data_path("correctness", "humaneval", "example_samples.jsonl")
    notices: list[str] = []
    samples = list(read_samples(path, SampleIds(("test/0",)), report=notices.append))
    expected = [json.loads(line)["completion"] for line in path.read_text().splitlines()]
    assert [sample.completion for sample in samples] == expected
    assert [sample.index for sample in samples] == [0, 1, 2, 3, 4, 5]
    assert notices == [f"{path}: read as jsonl (task_id, completion)"]


def test_completion_and_solution_are_told_apart(folder):
    path = folder.lines(
        {"task_id": "HumanEval/0", "completion": "    return 1"},
        {"task_id": "HumanEval/1", "solution": "def f(): pass"},
    )
    assert folder.read(path) == [
        Sample("HumanEval/0", 0, completion="    return 1", line=1),
        Sample("HumanEval/1", 0, solution="def f(): pass", line=2),
    ]


def test_solution_wins_and_the_completion_is_kept(folder):
    path = folder.lines({"task_id": "HumanEval/0", "completion": "c", "solution": "s"})
    (sample,) = folder.read(path)
    assert (sample.solution, sample.completion, sample.extra) == ("s", None, {"completion": "c"})
    assert "wins over completion" in folder.notices[0]


def test_a_null_solution_gives_way_to_a_completion(folder):
    path = folder.lines({"task_id": "HumanEval/0", "completion": "c", "solution": None})
    (sample,) = folder.read(path)
    assert (sample.completion, sample.extra) == ("c", {})


@pytest.mark.parametrize("field", ["completion", "solution"])
def test_null_is_a_sample_without_code(folder, field):
    (sample,) = folder.read(folder.lines({"task_id": "HumanEval/0", field: None}))
    assert (sample.solution, sample.extra) == ("", {"no_code": True})


def test_a_list_is_several_samples(folder):
    path = folder.lines(
        {"task_id": "HumanEval/0", "completion": ["a", None, "b"]},
        {"task_id": "HumanEval/1", "completion": []},
        {"task_id": "HumanEval/0", "completion": "c"},
    )
    assert [(each.index, each.text) for each in folder.read(path)] == [
        (0, "a"),
        (1, ""),
        (2, "b"),
        (3, "c"),
    ]


def test_unknown_keys_are_kept_and_the_model_is_known(folder):
    extra = {"raw_solution": "r", "usage": {"completion_tokens": 3}, "language": "python"}
    path = folder.lines({"task_id": "HumanEval/0", "solution": "s", "model": "m", **extra})
    (sample,) = folder.read(path)
    assert (sample.model, sample.extra) == ("m", extra)


def test_a_model_that_is_no_text_is_kept_as_it_is(folder):
    (sample,) = folder.read(folder.lines({"task_id": 0, "solution": "s", "model": {"name": "m"}}))
    assert (sample.model, sample.extra) == ("", {"model": {"name": "m"}})


def test_index_is_the_order_of_appearance_or_what_the_line_states(folder):
    path = folder.lines(
        {"task_id": "HumanEval/0", "solution": "a"},
        {"task_id": "HumanEval/1", "solution": "b", "sample_id": 9},
        {"task_id": "HumanEval/0", "solution": "c"},
        {"task_id": "HumanEval/1", "solution": "d", "sample_id": 2},
        {"task_id": "HumanEval/2", "solution": "e", "sample_id": "text"},
    )
    samples = folder.read(path)
    assert [sample.index for sample in samples] == [0, 9, 1, 2, 0]
    assert [dict(sample.extra) for sample in samples] == [{}, {}, {}, {}, {"sample_id": "text"}]


def test_blank_lines_crlf_and_a_byte_order_mark_are_no_obstacle(folder):
    line = b'{"task_id": "HumanEval/0", "completion": "\xc3\xa9"}'
    path = folder.lines(b"\xef\xbb\xbf" + line + b"\r", b"", b" \t\r", line)
    assert [(each.text, each.line) for each in folder.read(path)] == [("é", 1), ("é", 4)]


def test_gzip_is_read_whatever_the_name_and_in_several_members(folder):
    line = b'{"task_id": "HumanEval/0", "completion": "x"}\n'
    path = folder.root / "plain.jsonl"
    path.write_bytes(gzip.compress(line) + gzip.compress(line))
    assert len(folder.read(path)) == 2


def test_named_fields_are_read_without_guessing(folder):
    path = folder.lines({"question_id": "3", "output": "o", "task_id": 7})
    (sample,) = folder.read(path, id_field="question_id", code_field="output")
    assert (sample.task_id, sample.solution, sample.extra) == ("HumanEval/3", "o", {"task_id": 7})
    assert folder.notices == [f"{path}: read as jsonl (question_id, output as a whole program)"]
    (sample,) = folder.read(folder.lines({"id": 3, "completion": "o"}), id_field="id")
    assert sample.completion == "o"


def test_a_completion_that_repeats_its_prompt_is_reported_once_and_kept(folder):
    text = "\ndef f0(x):\n    return x"
    path = folder.lines(
        {"task_id": "HumanEval/1", "completion": "    return x"},
        *[{"task_id": "HumanEval/0", "completion": text}] * 3,
    )
    assert folder.read(path)[1].completion == text
    where = "line 2, HumanEval/0"
    (notice,) = folder.notices[1:]
    assert notice.startswith(f"{path}: completion starts with the prompt ({where}); kept as it is")


def test_an_unknown_id_is_an_error_with_the_nearest(folder):
    path = folder.lines({"task_id": "HumanEval/999", "completion": "x"})
    with pytest.raises(SampleError) as caught:
        folder.read(path)
    message = str(caught.value)
    assert message.startswith(f"{path}, line 1, field 'task_id': unknown id 'HumanEval/999' of 12")
    assert message.count("'HumanEval/") == 4
    assert not message.endswith(".")


def test_unknown_ids_are_skipped_counted_and_reported_once_if_allowed(folder):
    unknown = [{"task_id": f"X/{number % 7}", "completion": "x"} for number in range(20)]
    path = folder.lines(*unknown, {"task_id": "HumanEval/0", "completion": "x"})
    assert len(folder.read(path, allow_unknown=True)) == 1
    assert folder.notices[1:] == [
        f"{path}: 20 samples of unknown ids skipped (first: 'X/0', 'X/1', 'X/2', 'X/3', 'X/4')"
    ]


GOOD = {"task_id": "HumanEval/0", "completion": "x"}
FAULTS = [
    ({"completion": "x", "id": 1}, r"field 'task_id': missing; its keys are completion, id; is it"),
    (
        {"task_id": 0, "code": "x"},
        r"neither 'completion' nor 'solution' among its keys task_id, co",
    ),
    ({"task_id": 0, "completion": 3}, r"field 'completion': expected a text or a list.* 3 \(int\)"),
    ({"task_id": 0, "solution": True}, r"field 'solution': .*found true"),
    ({"task_id": 0, "solution": ["a", 1]}, r"its element 1 is 1 \(int\)"),
    ({"task_id": 0, "solution": {"a": 1}}, r"found an object with a"),
    ({"task_id": None, "completion": "x"}, r"field 'task_id': expected a text or an .* found null"),
    ({"task_id": ["a"], "completion": "x"}, r"field 'task_id': .* found a list of 1"),
    ({"task_id": True, "completion": "x"}, r"field 'task_id': .* found true"),
    ({"task_id": 1.0, "completion": "x"}, r"field 'task_id': .* found 1.0 \(float\)"),
    (
        {"task_id": 0, "completion": "x", "sample_id": -1},
        r"'sample_id': expected 0 to \d+, found -1",
    ),
    ({"task_id": 0, "completion": "x", "sample_id": 10**30}, r"'sample_id': expected 0 to"),
    ({"task_id": 0, "completion": "x", "sample_id": 10**90}, r"found a number of more than 60 di"),
    ({"task_id": 0, "completion": ["x", "y"], "sample_id": 5}, r"sample_id 5 names one sample"),
    ("[1, 2]", r"expected a JSON object, found a list of 2"),
    ('{"task_id": }', r"invalid JSON at column 13: Expecting value"),
    ('  {"task_id": }', r"invalid JSON at column 15: Expecting value"),
    ('{"task_id": 0} x', r"invalid JSON at column 16: more than one value|Extra"),
    ('{"task_id": 0, "completion": "x', r"invalid JSON at column 30: Unterminated string"),
    ("[" * 100_000, r"invalid JSON: nested too deeply"),
    ('{"task_id": ' + "9" * 5000 + "}", r"invalid JSON: .*limit"),
    (b'{"task_id": "\xff"}', r"not UTF-8 \(byte 0xff at position 14\)"),
    (b'{"task_id": "\xed\xa0\x80"}', r"not UTF-8 \(byte 0xed"),
    (b"\xff\xfe{\x00}\x00", r"not UTF-8 \(byte 0xff at position 1\)"),
]


@pytest.mark.parametrize(("record", "message"), FAULTS)
def test_a_fault_is_told_with_file_and_line_after_the_samples_before_it(folder, record, message):
    path = folder.lines(GOOD, "", record, GOOD)
    samples = read_samples(path, folder.ids, report=folder.notices.append)
    assert next(samples).line == 1
    with pytest.raises(SampleError, match=message) as caught:
        list(samples)
    assert f"{path}, line 3" in str(caught.value)
    assert len(str(caught.value)) < 500


def test_a_stated_index_may_not_come_twice(folder):
    record = {"task_id": "HumanEval/0", "completion": "x", "sample_id": 4}
    with pytest.raises(SampleError, match="line 2: sample 4 of 'HumanEval/0' is there twice"):
        folder.read(folder.lines(record, record))


def test_stated_and_counted_indices_may_not_meet(folder):
    stated = {**GOOD, "sample_id": 1}
    with pytest.raises(SampleError, match=r"line 2: .* without an index"):
        folder.read(folder.lines(stated, GOOD, GOOD))
    with pytest.raises(SampleError, match="line 3: sample 1 of 'HumanEval/0' is there twice"):
        folder.read(folder.lines(GOOD, GOOD, stated))


def test_a_cut_off_gzip_file_yields_all_before_the_cut(folder):
    path = folder.root / "cut.jsonl.gz"
    lines = b"".join(
        json.dumps({"task_id": n % 12, "completion": f"return {n * n}"}).encode() + b"\n"
        for n in range(50_000)
    )
    whole = gzip.compress(lines)
    path.write_bytes(whole[: len(whole) // 2])
    samples = deque()
    with pytest.raises(
        SampleError, match=r"cut.jsonl.gz, line \d+: the gzip file is cut off"
    ) as cut:
        samples.extend(read_samples(path, folder.ids, report=folder.notices.append))
    assert len(samples) > 20_000
    assert f"line {len(samples) + 1}:" in str(cut.value)


def test_a_corrupt_gzip_file_is_told(folder):
    path = folder.root / "bad.jsonl.gz"
    whole = bytearray(gzip.compress(json.dumps(GOOD).encode() + b"\n"))
    whole[-6] ^= 1  # in the checksum
    path.write_bytes(whole)
    with pytest.raises(SampleError, match="line 2: the gzip file is corrupt here"):
        folder.read(path)


def test_a_line_that_is_too_long_is_refused(folder):
    path = folder.lines(GOOD, {"task_id": 0, "completion": "x" * 2000}, GOOD)
    with pytest.raises(SampleError, match="line 2: longer than 1000 bytes"):
        folder.read(path, max_line_bytes=1000)
    assert len(folder.read(path, max_line_bytes=3000)) == 3


def test_the_longest_line_allowed_is_read(folder):
    length = len(json.dumps(GOOD))
    assert len(folder.read(folder.lines(GOOD, GOOD), max_line_bytes=length)) == 2
    with pytest.raises(SampleError, match="line 1"):
        folder.read(folder.lines(GOOD), max_line_bytes=length - 1, format="jsonl")


def test_a_file_without_samples_is_an_error(folder):
    for content in (b"", b"\n\n", gzip.compress(b"")):
        (folder.root / "empty").write_bytes(content)
        with pytest.raises(SampleError, match="empty: holds no samples"):
            folder.read(folder.root / "empty")
        with pytest.raises(SampleError, match="empty: holds no samples"):
            folder.read(folder.root / "empty", format="jsonl")
