from __future__ import annotations

import pytest

from codeeval.samples.errors import SampleError
from codeeval.samples.formats import detect
from codeeval.samples.ids import SampleIds
from codeeval.samples.read import read_samples

IDS = SampleIds(("HumanEval/0/0", "HumanEval/0/1", "HumanEval/3/0"))
HEAD = "HumanEval_ID,Name,FunctionCall,Predicted,Actual,Matched,Distance\n"
ROWS = (
    'HumanEval/0,f,"1, 2","[1, 2]","[1, 2]",True,1.0\n'
    "HumanEval/0,f,3,ERROR,ERROR,False,1.0\n"
    'HumanEval/3,g,"()","[1,2","[1]",False,0.5\n'
)


def write(tmp_path, text: str):
    path = tmp_path / "results.csv"
    path.write_text(text)
    return path


def test_rows_are_the_answers_to_the_problems_in_turn(tmp_path):
    path = write(tmp_path, HEAD + ROWS)
    notices: list[str] = []
    samples = list(read_samples(path, IDS, report=notices.append))
    assert [each.task_id for each in samples] == list(IDS.ids)
    assert [each.text for each in samples] == ["[1, 2]", "", "[1,2"]
    assert samples[1].extra["no_code"]
    assert all(each.extra["parsed"] for each in samples)
    assert notices == [f"{path}: read as coconut-results (Predicted)"]


def test_a_table_is_told_by_its_columns(tmp_path):
    assert detect(write(tmp_path, HEAD + ROWS)) == "coconut-results"
    with pytest.raises(SampleError, match="expected a JSON object or list"):
        detect(write(tmp_path, "Filename,Other\n"))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (HEAD + ROWS + ROWS, "line 5: a row more than the task has problems, which are 3"),
        (HEAD + ROWS.splitlines()[2] + "\n", "line 2: expected 'HumanEval/0', found 'HumanEval/3'"),
        ("HumanEval_ID,Other\n", "line 1: expected the columns Predicted and HumanEval_ID or"),
    ],
)
def test_other_tables_are_refused(tmp_path, text, message):
    with pytest.raises(SampleError, match=message):
        list(read_samples(write(tmp_path, text), IDS, format="coconut-results", report=print))


def test_a_first_field_of_texts_makes_no_list_of_problems(tmp_path):
    path = tmp_path / "samples.jsonl"
    path.write_text('{"stop": ["a"], "task_id": "HumanEval/0/0", "completion": "x"}\n')
    assert detect(path) == "jsonl"
    path.write_text('{"HumanEval/0/0": ["a", null], "HumanEval/0/1": []}\n')
    assert detect(path) == "harness-generations"


def test_a_mark_of_byte_order_is_no_part_of_a_column(tmp_path):
    path = write(tmp_path, "\ufeff" + HEAD + ROWS)
    assert len(list(read_samples(path, IDS, format="coconut-results", report=print))) == 3
