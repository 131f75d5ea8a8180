"""From samples to a report: what is written, what is gone on with, what is refused."""

from __future__ import annotations

import gzip
import json
from itertools import count

import pytest

from codeeval import evaluate, evaluate_iter
from codeeval.options import OptionsError
from codeeval.report import MissingSamples, NothingJudged
from codeeval.run_directory import RunConflict
from codeeval.run_files import read_manifest
from codeeval.samples.errors import SampleError
from codeeval.sandbox.errors import SandboxError
from codeeval.sandbox.verdict import Status
from codeeval.tasks.task import Sample
from tests.codeeval.evaluating import (
    IDS,
    PLAIN,
    PROBLEMS,
    Counting,
    Scripted,
    lines_of,
    mixture,
    right,
    tiny,
    verdict_of,
    without_usage,
    write_samples,
    wrong,
)


@pytest.fixture(scope="module")
def task(tmp_path_factory):
    return tiny(tmp_path_factory.mktemp("tiny"))


@pytest.fixture(scope="module")
def plain(tmp_path_factory):
    """A benchmark of one problem, for which nothing runs but the samples."""
    return tiny(tmp_path_factory.mktemp("plain"), [PLAIN])


def notes(n: int, start: int = 0) -> list[Sample]:
    """Return right samples of the plain problem, no two of them equal."""
    return [right("Tiny/0", index, note=str(index)) for index in range(start, start + n)]


# -- scores --------------------------------------------------------------------------------------


def test_samples_become_scores(task, executor):
    run = evaluate(mixture(4), task, executor=executor, k=[1, 2])
    assert run.directory is None
    assert {name: estimate.value for name, estimate in run.scores.items()} == {
        "pass@1": pytest.approx(0.5),
        "pass@2": pytest.approx(1 - 1 / 6),
    }
    assert run.per_task() == [
        {
            "task_id": id,
            "samples": 4,
            "correct": {"pass": 2},
            "statuses": {"passed": 2, "wrong_answer": 2},
        }
        for id in IDS
    ]
    assert run.report.counts == {"passed": 6, "wrong_answer": 6}
    assert run.report.sealed == 12


def test_files_and_samples_come_to_the_same(task, executor, tmp_path):
    path = write_samples(tmp_path / "s.jsonl", mixture(2))
    runs = [evaluate(source, task, executor=executor) for source in (path, str(path), mixture(2))]
    tables = [run.per_task() for run in runs]
    assert tables[0] == tables[1] == tables[2]


def test_a_task_goes_by_its_name_too(executor, tmp_path):
    folder = tmp_path / "named"
    tiny(folder)
    run = evaluate([right(id) for id in IDS], str(folder), executor=executor)
    assert run.scores["pass@1"].value == 1.0


def test_a_k_beyond_the_samples_is_refused_in_words(plain):
    report = evaluate(notes(3), plain, executor=Scripted(), k="1,3,10").report
    assert [estimate.metric for estimate in report.estimates["pass"]] == ["pass@1", "pass@3"]
    assert list(report.refused) == ["pass@10"]
    assert "Tiny/0" in report.refused["pass@10"]
    assert "3" in report.refused["pass@10"]


@pytest.mark.parametrize("k", [(1, 3), [1, 3], "1,3", "1, 3"])
def test_k_is_given_in_any_way(plain, k):
    run = evaluate(notes(3), plain, executor=Scripted(), k=k)
    assert list(run.scores) == ["pass@1", "pass@3"]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"k": 0}, "k must be whole numbers of 1 or more"),
        ({"k": "1,x"}, "k must be numbers such as 1,10, not '1,x'"),
        ({"k": ()}, "k must be whole numbers of 1 or more"),
        ({"missing": "ignore"}, "missing must be one of error, fail, skip, not 'ignore'"),
        ({"workers": 0}, "workers must be at least 1, not 0"),
        ({"limit": 0}, "limit must be at least 1, not 0"),
        ({"include": ("Tiny/7",)}, "no problem 'Tiny/7' in tiny"),
        ({"cpu_seconds": -1.0}, "cpu_seconds must be a number above 0"),
    ],
)
def test_nonsense_is_refused_before_anything_runs(plain, options, message):
    scripted = Scripted()
    with pytest.raises(OptionsError, match=message):
        evaluate(notes(1), plain, executor=scripted, **options)
    if "include" not in options:
        with pytest.raises(OptionsError, match=message):
            evaluate_iter(notes(1), plain, executor=scripted, **options)
    assert scripted.programs == []


# -- missing and unknown -------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["samples", "file"])
def test_what_a_missing_problem_means_must_be_said(task, executor, tmp_path, kind):
    samples = [right("Tiny/0"), right("Tiny/1")]

    def source():
        return write_samples(tmp_path / "s.jsonl", samples) if kind == "file" else samples

    counting = Counting(executor)
    with pytest.raises((SampleError, MissingSamples), match="1 of 3 problems have no sample"):
        evaluate(source(), task, executor=counting)
    assert len(counting.programs) == (0 if kind == "file" else 2), "a file is read first"
    fail = evaluate(source(), task, executor=executor, missing="fail")
    skip = evaluate(source(), task, executor=executor, missing="skip")
    assert fail.scores["pass@1"].value == pytest.approx(2 / 3)
    assert skip.scores["pass@1"].value == 1.0
    assert any("count as failed: Tiny/2" in text for text in fail.report.warnings)
    assert any("are left out" in text and "Tiny/2" in text for text in skip.report.warnings)


def test_unknown_problems_are_refused_or_left_out(plain, tmp_path):
    samples = [right("Tiny/0"), right("Tiny/1"), Sample("Other/1", 0, completion="x")]
    with pytest.raises(SampleError, match="unknown task_id 'Tiny/1'; tiny has 1 problems"):
        evaluate(samples, plain, executor=Scripted())
    with pytest.raises(SampleError, match="unknown task_id 'Tiny/1'"):
        list(evaluate_iter(samples, plain, executor=Scripted()))
    assert evaluate(samples, plain, executor=Scripted(), allow_unknown=True).report.samples == 1
    path = write_samples(tmp_path / "s.jsonl", samples)
    with pytest.raises(SampleError, match="Tiny/1"):
        evaluate(path, plain, executor=Scripted())
    assert evaluate(path, plain, executor=Scripted(), allow_unknown=True).report.samples == 1


@pytest.mark.parametrize("options", [{"limit": 1}, {"include": ("Tiny/0",)}])
def test_a_part_of_the_problems_needs_a_part_of_the_samples(task, executor, tmp_path, options):
    path = write_samples(tmp_path / "s.jsonl", mixture(2))
    for source in (path, mixture(2)):
        report = evaluate(source, task, executor=executor, **options).report
        assert [row.task_id for row in report.problems] == ["Tiny/0"]
        assert report.samples == 2


def test_a_sample_that_came_twice_is_refused(plain):
    with pytest.raises(SampleError, match="1 samples came twice: Tiny/0 0"):
        evaluate([right("Tiny/0"), wrong("Tiny/0")], plain, executor=Scripted())


def test_a_mistake_in_the_last_line_is_told_before_anything_runs(plain, tmp_path):
    path = write_samples(tmp_path / "s.jsonl", notes(50))
    path.write_text(path.read_text() + "{broken\n")
    scripted = Scripted()
    with pytest.raises(SampleError, match="line 51"):
        evaluate(path, plain, executor=scripted, output=tmp_path / "run")
    assert scripted.programs == []
    assert not (tmp_path / "run").exists()


# -- the run directory ---------------------------------------------------------------------------


def test_two_runs_write_the_same_but_for_what_they_took(task, executor, tmp_path):
    path = write_samples(tmp_path / "s.jsonl", mixture(4))
    for name in ("one", "two"):
        evaluate(path, task, executor=executor, output=tmp_path / name)
    one, two = (lines_of(tmp_path / name) for name in ("one", "two"))
    assert [(line["task_id"], line["index"]) for line in one] == [
        (id, index) for id in IDS for index in range(4)
    ]
    assert json.dumps(without_usage(one)) == json.dumps(without_usage(two))
    kept = [(tmp_path / name / "samples.jsonl.gz").read_bytes() for name in ("one", "two")]
    assert kept[0] == kept[1]
    reports = [json.loads((tmp_path / n / "report.json").read_text()) for n in ("one", "two")]
    for report in reports:
        for key in ("started", "finished"):
            del report["manifest"][key]
    assert reports[0] == reports[1]


def test_the_manifest_says_how_it_was_made(task, executor, tmp_path):
    path = write_samples(tmp_path / "s.jsonl", mixture(1))
    evaluate(path, task, executor=executor, output=tmp_path / "run", cpu_seconds=7.0)
    manifest = read_manifest(tmp_path / "run")
    assert manifest["status"] == "complete"
    assert manifest["task"] == "tiny"
    assert manifest["data_digest"] == task.task.digest
    assert manifest["isolation"] == "bubblewrap"
    assert manifest["cpu_seconds"] == 7.0
    assert len(manifest["samples_sha256"]) == 64
    assert manifest["started"] <= manifest["finished"]
    assert (tmp_path / "run" / "report.html").is_file()


def judged_before(path, task, executor, samples, **options):
    """Evaluate, and return how many programs ran and what came of it."""
    counting = Counting(executor)
    run = evaluate(samples, task, executor=counting, output=path, **options)
    return len(counting.programs), run


def test_a_finished_run_is_not_run_again(task, executor, tmp_path):
    path = tmp_path / "run"
    first = judged_before(path, task, executor, mixture(4))
    text = (path / "results.jsonl").read_bytes()
    second = judged_before(path, task, executor, mixture(4))
    assert (first[0], second[0]) == (12, 0)
    assert first[1].per_task() == second[1].per_task()
    assert (path / "results.jsonl").read_bytes() == text


def test_a_run_that_was_cut_goes_on_from_there(task, executor, tmp_path):
    path = tmp_path / "run"
    _, whole = judged_before(path, task, executor, mixture(4))
    results = path / "results.jsonl"
    lines = results.read_bytes().splitlines(keepends=True)
    results.write_bytes(b"".join(lines[:5]) + lines[5][:-40])
    (path / "report.json").unlink()
    ran, again = judged_before(path, task, executor, mixture(4))
    assert ran == 7
    assert again.per_task() == whole.per_task()
    assert without_usage(lines_of(path)) == without_usage([json.loads(line) for line in lines])


def test_samples_that_changed_are_judged_again(task, executor, tmp_path):
    path = tmp_path / "run"
    judged_before(path, task, executor, [wrong(id, n) for id in IDS for n in range(2)])
    changed = [wrong(id, n) if n else right(id, n) for id in IDS for n in range(2)]
    ran, run = judged_before(path, task, executor, changed)
    assert ran == 3
    assert run.report.counts == {"passed": 3, "wrong_answer": 3}
    ran, run = judged_before(path, task, executor, changed[::2])
    assert ran == 0
    assert run.report.counts == {"passed": 3}, "samples that are gone do not count"
    assert len(lines_of(path)) == 3


def test_another_evaluation_is_refused(task, executor, tmp_path):
    path = tmp_path / "run"
    judged_before(path, task, executor, mixture(1))
    with pytest.raises(RunConflict, match=r"another evaluation \(extraction, missing differ\)"):
        judged_before(path, task, executor, mixture(1), extraction="fence-last", missing="fail")
    file = write_samples(tmp_path / "s.jsonl", mixture(1))
    judged_before(tmp_path / "other", task, executor, file)
    write_samples(file, mixture(2))
    with pytest.raises(RunConflict, match="samples_sha256 differ"):
        judged_before(tmp_path / "other", task, executor, file)
    assert judged_before(tmp_path / "other", task, executor, file, overwrite=True)[0] == 6


def test_a_folder_of_runs_keeps_them_apart(plain, tmp_path):
    def run(samples, **options):
        return evaluate(samples, plain, executor=Scripted(), runs=tmp_path / "runs", **options)

    one = write_samples(tmp_path / "one.jsonl", notes(1))
    two = write_samples(tmp_path / "two.jsonl", notes(2))
    assert run(one).directory == run(one).directory
    assert run(one).directory != run(two).directory
    assert run(one).directory != run(one, code_field="completion").directory
    assert run(notes(1)).directory != run(notes(2)).directory
    assert len(list((tmp_path / "runs").iterdir())) == 5


# -- infrastructure ------------------------------------------------------------------------------


def test_what_could_not_be_judged_is_tried_again_and_never_a_failure(plain, tmp_path):
    path = tmp_path / "run"

    def verdict(program, before):
        return verdict_of("infrastructure_error" if "# 3\n" in program.source else "passed")

    first = evaluate(notes(6), plain, executor=Scripted(verdict), output=path, k=[1, 6])
    assert first.scores["pass@1"].value == 1.0
    assert first.report.problems[0].samples == 5
    assert first.report.infrastructure_errors == 1
    assert first.report.counts == {"passed": 5, "infrastructure_error": 1}
    assert "pass@6" in first.report.refused
    assert any("1 sample could not be judged" in text for text in first.report.warnings)
    assert read_manifest(path)["status"] == "partial"
    scripted = Scripted()
    again = evaluate(notes(6), plain, executor=scripted, output=path, k=[1, 6])
    assert len(scripted.programs) == 1
    assert again.report.counts == {"passed": 6}
    assert again.scores["pass@6"].value == 1.0
    assert read_manifest(path)["status"] == "complete"


def test_nothing_judged_is_no_score(plain, tmp_path):
    broken = Scripted(lambda program, before: verdict_of("infrastructure_error"))
    with pytest.raises(NothingJudged):
        evaluate(notes(2), plain, executor=broken, output=tmp_path)
    run = evaluate(notes(2), plain, executor=Scripted(), output=tmp_path)
    assert run.scores["pass@1"].value == 1.0


def test_a_reference_that_fails_keeps_the_rest_of_the_evaluation(executor, tmp_path):
    broken = {**PROBLEMS[1], "canonical_solution": "    raise ValueError('no')\n"}
    task = tiny(tmp_path, [PROBLEMS[0], broken])
    samples = [right("Tiny/0"), right("Tiny/1")]
    run = evaluate(samples, task, executor=executor, missing="skip")
    assert run.report.counts == {"passed": 1, "infrastructure_error": 1}
    assert run.scores["pass@1"].value == 1.0
    with pytest.raises(SandboxError, match="ValueError: no"):
        evaluate(samples, task, executor=executor, on_infra_error="raise")


def test_a_run_in_several_sandboxes_says_so(plain, executor, tmp_path):
    evaluate(notes(1), plain, executor=Scripted(), output=tmp_path)
    run = evaluate([*notes(1), *notes(1, 1)], plain, executor=executor, output=tmp_path)
    assert "verdicts of several sandboxes: bubblewrap, none" in run.report.warnings


# -- streams -------------------------------------------------------------------------------------


def test_results_stream_from_an_endless_source(plain, executor):
    taken = 0

    def endless():
        nonlocal taken
        for number in count():
            taken += 1
            yield right("Tiny/0", number, note=str(number % 50))

    results = evaluate_iter(endless(), plain, executor=executor, workers=2)
    found = [next(results) for _ in range(200)]
    results.close()
    assert {each.verdict.status for each in found} == {Status.PASSED}
    assert taken <= 200 + 2 * 512


def test_results_stream_from_a_file(task, executor, tmp_path):
    path = tmp_path / "s.jsonl.gz"
    plain_path = write_samples(tmp_path / "s.jsonl", mixture(2))
    path.write_bytes(gzip.compress(plain_path.read_bytes()))
    results = list(evaluate_iter(path, task, executor=executor))
    assert sorted((each.task_id, each.index) for each in results) == [
        (id, index) for id in IDS for index in range(2)
    ]
