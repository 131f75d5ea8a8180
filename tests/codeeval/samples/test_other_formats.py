from __future__ import annotations

import gzip

import pytest

from codeeval.samples.errors import SampleError
from codeeval.samples.read import read_samples


def brief(samples):
    return [(each.task_id, each.index, each.completion, each.solution) for each in samples]


# The directory form


def programs(root, **texts):
    """Write files; ``HumanEval_0__1`` is ``HumanEval_0/1.py``."""
    for name, text in texts.items():
        file = root / (name.replace("__", "/") + ".py")
        file.parent.mkdir(exist_ok=True)
        file.write_bytes(text if isinstance(text, bytes) else text.encode())


def test_a_directory_is_read_by_problem_and_number(folder):
    programs(
        folder.root,
        HumanEval_10__0="ten",
        HumanEval_2__10="c",
        HumanEval_2__9="b",
        HumanEval_2__0="a\r\n",
    )
    assert brief(folder.read(folder.root)) == [
        ("HumanEval/2", 0, None, "a\r\n"),
        ("HumanEval/2", 9, None, "b"),
        ("HumanEval/2", 10, None, "c"),
        ("HumanEval/10", 0, None, "ten"),
    ]
    assert folder.notices == [f"{folder.root}: read as evalplus-dir (whole programs)"]


def test_stray_files_are_ignored_and_counted(folder):
    programs(folder.root, HumanEval_2__0="a", HumanEval_2__helper="x", notes__readme="x")
    (folder.root / "eval_results.json").write_text("{}")
    (folder.root / "HumanEval_2" / "0.txt").write_text("x")
    (folder.root / "__pycache__").mkdir()
    assert len(folder.read(folder.root)) == 1
    assert folder.notices[1:] == [
        f"{folder.root}: 5 files and folders ignored that hold no numbered program"
    ]


def test_a_folder_of_an_unknown_problem_is_an_error(folder):
    programs(folder.root, HumanEval_2__0="a", HumanEval_77__0="x")
    with pytest.raises(SampleError, match="field 'folder': unknown id 'HumanEval_77'"):
        folder.read(folder.root)
    assert len(folder.read(folder.root, allow_unknown=True)) == 1


def test_two_files_of_one_number_are_an_error(folder):
    programs(folder.root, HumanEval_2__0="a", HumanEval_2__00="b")
    with pytest.raises(SampleError, match="sample 0 of 'HumanEval/2' is there twice"):
        folder.read(folder.root)


def test_a_program_that_is_no_text_or_too_long_is_named(folder):
    programs(folder.root, HumanEval_2__0=b"a\n\xff")
    with pytest.raises(SampleError, match=r"HumanEval_2/0.py, line 2: not UTF-8"):
        folder.read(folder.root)
    with pytest.raises(SampleError, match=r"HumanEval_2/0.py: longer than 2 bytes"):
        folder.read(folder.root, max_line_bytes=2)


def test_an_empty_directory_and_a_file_in_its_place_are_errors(folder):
    with pytest.raises(SampleError, match="holds no samples"):
        folder.read(folder.root)
    with pytest.raises(SampleError, match="not a directory"):
        folder.read(folder.lines("x"), format="evalplus-dir")


# generations.json


@pytest.mark.parametrize("indent", [None, 1])
@pytest.mark.parametrize("zipped", [False, True])
def test_generations_follow_the_order_of_the_problems(folder, indent, zipped):
    path = folder.document([["a", None], [], None, ["b"]], indent=indent)
    if zipped:
        path.write_bytes(gzip.compress(path.read_bytes()))
    samples = folder.read(path)
    assert brief(samples) == [
        ("HumanEval/0", 0, None, "a"),
        ("HumanEval/0", 1, None, ""),
        ("HumanEval/3", 0, None, "b"),
    ]
    assert [dict(each.extra) for each in samples] == [{}, {"no_code": True}, {}]


def test_generations_may_start_later(folder):
    path = folder.document([["a"], ["b"]])
    assert [each.task_id for each in folder.read(path, limit_start=10)] == [
        "HumanEval/10",
        "HumanEval/11",
    ]
    assert "HumanEval/10 first" in folder.notices[0]
    with pytest.raises(SampleError, match="problem number 12, but the task has 12"):
        folder.read(path, limit_start=11)
    with pytest.raises(SampleError, match="limit_start must be 0 to 11, found 12"):
        folder.read(path, limit_start=12)


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ([["a"], "b"], "expected a list of programs or null, found 'b'"),
        ([["a"], ["b", 3]], r"field 'problem 1, sample': expected a text or null, found 3"),
        ([], "holds no samples"),
        ([None, []], "holds no samples"),
    ],
)
def test_generations_of_another_shape_are_refused(folder, value, message):
    with pytest.raises(SampleError, match=message):
        folder.read(folder.document(value), format="harness-generations")


def test_a_fault_in_a_document_is_told_after_the_samples_before_it(folder):
    path = folder.root / "broken.json"
    path.write_text('[["a"],\n ["b" "c"]]')
    samples = read_samples(path, folder.ids, report=folder.notices.append)
    assert [next(samples).text, next(samples).text] == ["a", "b"]
    with pytest.raises(SampleError, match="line 2: invalid JSON at column 7: expected ',' or ']'"):
        next(samples)


# eval_results.json

JUDGED = {"task_id": "HumanEval/1", "solution": "a", "base_status": "pass", "plus_status": None}
OTHER = {"task_id": "HumanEval/0", "solution": "b", "status": "fail", "details": {"ALL": "x"}}


@pytest.mark.parametrize("indent", [None, 2])
def test_results_give_back_their_solutions(folder, indent):
    results = {"date": "d", "eval": {"HumanEval/1": [JUDGED] * 2, "HumanEval_0": [OTHER]}, "z": [1]}
    samples = folder.read(folder.document(results, indent=indent))
    assert brief(samples) == [
        ("HumanEval/1", 0, None, "a"),
        ("HumanEval/1", 1, None, "a"),
        ("HumanEval/0", 0, None, "b"),
    ]
    assert samples[0].extra == {"base_status": "pass", "plus_status": None}


@pytest.mark.parametrize(
    ("evaluated", "message"),
    [
        ({"HumanEval/1": {"nfiles": 1}}, "before 0.2.1 did not keep the solutions"),
        ({"HumanEval/1": [{"base_status": "pass"}]}, "no 'solution' in an object with base_status"),
        ({"HumanEval/1": ["x"]}, "field 'eval.HumanEval/1': expected an object, found 'x'"),
        ({"HumanEval/1": [{"solution": 1}]}, r"expected a text, found 1 \(int\)"),
        ({"HumanEval/99": [JUDGED]}, "unknown id 'HumanEval/99'"),
        ({}, "holds no samples"),
    ],
)
def test_results_of_another_shape_are_refused(folder, evaluated, message):
    with pytest.raises(SampleError, match=message):
        folder.read(folder.document({"eval": evaluated}))


def test_a_document_without_eval_is_no_results(folder):
    with pytest.raises(SampleError, match="no 'eval' object"):
        folder.read(folder.document({"pass@1": 0.5}), format="results")


# Logs of lm-evaluation-harness


def log(number, filter_name, replies, **document):
    return {
        "doc_id": number,
        "doc": {"task_id": f"HumanEval/{number}", "prompt": "p", **document},
        "target": "check(f)",
        "arguments": {"gen_args_0": {"arg_0": "p"}},
        "resps": [["raw"]],
        "filtered_resps": replies,
        "filter": filter_name,
        "doc_hash": "h",
        "pass@1": 1.0,
    }


def test_a_log_is_read_by_its_first_named_filter(folder):
    path = folder.lines(
        log(0, "none", ["raw"]),
        log(0, "create_test", [["p a", "p b"]]),
        log(1, "create_test", [["p c"]]),
        log(1, "other", [["x"]]),
    )
    samples = folder.read(path)
    assert [(each.task_id, each.index, each.solution) for each in samples] == [
        ("HumanEval/0", 0, "p a"),
        ("HumanEval/0", 1, "p b"),
        ("HumanEval/1", 0, "p c"),
    ]
    assert sorted(samples[0].extra) == ["doc_hash", "doc_id", "filter", "pass@1", "resps"]
    assert folder.notices == [
        f"{path}: read as lm-eval (doc.task_id, solution of filter create_test)",
        f"{path}: lines of other filters skipped: 1 of none, 1 of other",
    ]


def test_a_filter_may_be_chosen(folder):
    path = folder.lines(log(0, "create_test", [["x"]]), log(0, "none", ["y"]))
    assert [each.text for each in folder.read(path, filter_name="none")] == ["y"]
    with pytest.raises(SampleError, match="no line of filter 'nope'; there are 1 of create_test"):
        folder.read(path, filter_name="nope")


def test_an_unfiltered_reply_is_a_completion_where_the_problem_has_an_entry_point(folder):
    humaneval = folder.read(folder.lines(log(0, "none", ["r"], entry_point="f")))
    mbpp = folder.read(folder.lines(log(0, "none", ["r"])))
    assert brief(humaneval) == [("HumanEval/0", 0, "r", None)]
    assert brief(mbpp) == [("HumanEval/0", 0, None, "r")]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"filtered_resps": "x"}, "field 'filtered_resps': expected a list, found 'x'"),
        ({"filtered_resps": [[1]]}, r"field 'filtered_resps': expected texts, found 1"),
        ({"doc": {"prompt": "p"}}, "field 'doc': expected the problem with its task_id"),
        ({"doc": {"task_id": "HumanEval/77"}}, "field 'doc.task_id': unknown id"),
    ],
)
def test_a_log_of_another_shape_is_refused(folder, change, message):
    with pytest.raises(SampleError, match="line 1, " + message):
        folder.read(folder.lines({**log(0, "none", ["r"]), **change}))


# Output of the OpenAI batch API


def batch(custom_id, *choices, error=None, status=200):
    body = {"model": "gpt", "choices": list(choices), "usage": {"completion_tokens": 2}}
    if status != 200:
        body = {"error": {"message": "overloaded"}}
    response = None if error else {"status_code": status, "body": body}
    return {"id": "b", "custom_id": custom_id, "response": response, "error": error}


def reply(content, **message):
    message = {"role": "assistant", "content": content, **message}
    return {"index": 0, "message": message, "finish_reason": "stop"}


def test_a_batch_is_read_in_any_order(folder):
    path = folder.lines(batch("HumanEval/0#1", reply("b")), batch("HumanEval/0#0", reply("a")))
    samples = folder.read(path)
    assert brief(samples) == [("HumanEval/0", 1, None, "b"), ("HumanEval/0", 0, None, "a")]
    assert samples[0].model == "gpt"
    assert samples[0].extra == {
        "custom_id": "HumanEval/0#1",
        "usage": {"completion_tokens": 2},
        "finish_reason": "stop",
    }


def test_several_choices_are_several_samples(folder):
    path = folder.lines(batch("HumanEval/3", reply("a"), reply("b")), batch("3", reply("c")))
    assert [(each.index, each.text) for each in folder.read(path)] == [(0, "a"), (1, "b"), (2, "c")]


def test_refusals_and_failed_requests_are_samples_without_code(folder):
    path = folder.lines(
        batch("HumanEval/0#0", reply(None, refusal="no")),
        batch("HumanEval/0#1", error={"code": "expired"}),
        batch("HumanEval/0#2", status=500),
    )
    samples = folder.read(path)
    assert [each.solution for each in samples] == ["", "", ""]
    assert all(each.extra["no_code"] for each in samples)
    assert samples[0].extra["refusal"] == "no"
    assert [each.extra.get("error") for each in samples[1:]] == [
        {"code": "expired"},
        {"message": "overloaded"},
    ]
    assert folder.notices[-1].endswith("2 requests failed; they are samples without code")


def test_the_older_endpoint_gives_completions(folder):
    path = folder.lines(batch("HumanEval/0", {"text": "    return 1", "finish_reason": "stop"}))
    assert brief(folder.read(path)) == [("HumanEval/0", 0, "    return 1", None)]


@pytest.mark.parametrize(
    ("record", "message"),
    [
        ({"custom_id": 3, "response": {}}, r"field 'custom_id': expected TASK_ID .*found 3"),
        (batch("X#1", reply("a")), "field 'custom_id': unknown id 'X'"),
        (batch("HumanEval/0#1"), "expected choices and no error, found a list of 0"),
        ({"custom_id": "0", "response": None}, "expected choices and no error, found null"),
        (batch("0", "text"), "expected objects, found 'text'"),
        (batch("0", {"delta": 1}), "neither message nor text among the keys delta"),
        (batch("0", reply([1])), "expected the reply's text, found a list of 1"),
        (batch("0#99999999999", reply("a")), "expected 0 to 16777215, found 99999999999"),
    ],
)
def test_a_batch_of_another_shape_is_refused(folder, record, message):
    with pytest.raises(SampleError, match=message):
        folder.read(folder.lines(record))


def test_a_batch_sample_may_not_come_twice(folder):
    with pytest.raises(SampleError, match="line 2: sample 1 of 'HumanEval/0' is there twice"):
        folder.read(folder.lines(*[batch("HumanEval/0#1", reply("a"))] * 2))
