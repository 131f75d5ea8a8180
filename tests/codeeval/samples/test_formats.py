from __future__ import annotations

import gzip

import pytest

from codeeval.samples.errors import SampleError
from codeeval.samples.formats import FORMATS, detect

JSONL = {"task_id": "HumanEval/0", "completion": "x"}
LM_EVAL = {"doc_id": 0, "doc": {"task_id": "HumanEval/0"}, "resps": [["x"]]}
BATCH = {"id": "1", "custom_id": "HumanEval/0", "response": {}, "error": None}
RESULTS = {"date": "2024-09-24 21:14", "hash": "0", "eval": {"HumanEval/0": []}}


@pytest.mark.parametrize(
    ("first", "expected"),
    [
        (JSONL, "jsonl"),
        ({"solution": "x"}, "jsonl"),
        ({**JSONL, "eval": {"passed": True}}, "jsonl"),
        (LM_EVAL, "lm-eval"),
        (BATCH, "openai-batch"),
        (RESULTS, "results"),
        ([["x"], []], "harness-generations"),
        ([None, ["x"]], "harness-generations"),
        ([], "harness-generations"),
        ({"a prompt": [["x", None], True]}, "coffe-predictions"),
    ],
)
@pytest.mark.parametrize("zipped", [False, True])
def test_content_tells_the_format_whatever_the_name(folder, first, expected, zipped):
    path = folder.lines("", " \t", first, name="samples.txt")
    if zipped:
        path.write_bytes(gzip.compress(path.read_bytes()))
    assert detect(path) == expected
    assert expected in FORMATS


def test_a_directory_is_the_directory_form(folder):
    assert detect(folder.root) == "evalplus-dir"


def test_an_indented_document_is_recognised(folder):
    assert detect(folder.document(RESULTS, indent=2)) == "results"
    assert detect(folder.document([["x"]], indent=2)) == "harness-generations"


def test_a_byte_order_mark_is_no_obstacle(folder):
    path = folder.lines(b"\xef\xbb\xbf" + b'{"completion": "x"}')
    assert detect(path) == "jsonl"


def test_results_are_recognised_without_reading_them_whole(folder):
    """The value of eval breaks off: only a reader of the whole file would notice."""
    assert detect(folder.lines('{"date": "", "eval": {"HumanEval/0": [')) == "results"


@pytest.mark.parametrize(
    ("first", "message"),
    [
        ({"prompt": "p", "output": "o"}, "keys prompt, output; name the fields"),
        ({"\ud800": 0, "\x1b[2J": 0}, r"keys '\\ud800', '\\x1b\[2J'; name"),
        ({}, r"keys \(none\)"),
        ([{"question_id": "1", "code_list": []}], "a JSON list of an object with question_id"),
        ([3], r"a JSON list of 3 \(int\)"),
        ('"text"', "expected a JSON object or list, found '\"'"),
        ("task_id,completion", "expected a JSON object or list, found 't'"),
        ("{", "ends too early|expected a key"),
        (b"", "the file is empty"),
        (b" \n\n ", "the file is empty"),
    ],
)
def test_what_is_no_format_is_refused_with_what_was_seen(folder, first, message):
    with pytest.raises(SampleError, match=message):
        detect(folder.lines(first))


def test_a_missing_file_is_a_sample_error(tmp_path):
    with pytest.raises(SampleError, match=r"nowhere\.jsonl: cannot be read"):
        detect(tmp_path / "nowhere.jsonl")


def test_an_unknown_format_is_refused_at_once(folder):
    with pytest.raises(SampleError, match="no sample format 'csv'; known: jsonl"):
        folder.read(folder.lines(JSONL), format="csv")
