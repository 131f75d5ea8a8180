"""Rows that nobody can pass: found by compiling, and known of those that are published."""

from __future__ import annotations

import gzip
import json

import pytest

from codeeval.cli.app import main
from codeeval.row_validation import STUBS, unpassable_rows
from codeeval.tasks.passable import compares_by_reference, is_passable
from codeeval.tasks.registry import load_task
from codeeval.tasks.task import DataError
from codeeval.tasks.translate.languages import TRANSLATORS
from tests.data import data_path

DATA = data_path("multilingual", "multipl-e")
KNOWN = json.loads((DATA / "unpassable_rows.json").read_text())
BENCHMARKS = ("humaneval", "mbpp")
LANGUAGES = {
    TRANSLATORS[name].name: name
    for name in ("bash", "cpp", "java", "javascript", "lua", "perl", "rust", "typescript")
}
OTHERS = 3
"""How many rows that can be passed are judged beside those that cannot."""


def rows_of(language: str, benchmark: str) -> list[dict]:
    short = TRANSLATORS[language].name.replace("go_test.go", "go")
    with gzip.open(DATA / benchmark / f"{benchmark}-{short}.jsonl.gz", "rt") as file:
        return [json.loads(line) for line in file]


@pytest.mark.parametrize("benchmark", BENCHMARKS)
@pytest.mark.parametrize("language", [*LANGUAGES.values(), "csharp"])
def test_what_is_known_of_published_rows(language, benchmark):
    """The table, by which scores are given both ways, is what others have found."""
    found = [
        row["name"]
        for row in rows_of(language, benchmark)
        if not is_passable(language, row["name"], row["tests"])
    ]
    if language == "csharp":
        wanted = KNOWN["cs_reference_equality"][benchmark]
        by_reference = [
            row["name"]
            for row in rows_of(language, benchmark)
            if compares_by_reference(language, row["tests"])
        ]
        assert set(by_reference) >= set(wanted)
        assert set(found) >= set(by_reference)
        # Some of them cannot be compiled either, of which that table does not speak.
        assert len(set(by_reference) - set(wanted)) <= 1
    else:
        short = TRANSLATORS[language].name
        assert set(found) == set(KNOWN["compile_fails"][benchmark][short])


def test_the_repaired_rows_in_c_sharp_can_be_passed():
    with gzip.open(DATA / "variants" / "humaneval-cs-sequenceequal.jsonl.gz", "rt") as file:
        rows = [json.loads(line) for line in file]
    found = [row["name"] for row in rows if not is_passable("csharp", row["name"], row["tests"])]
    assert found == ["HumanEval_111_histogram"]  # which returns a dictionary


@pytest.mark.docker
@pytest.mark.parametrize("short", KNOWN["compile_fails"]["mbpp"])
def test_rows_are_validated(short, tmp_path, capsys):
    """Each that others have found is found, and none of some others."""
    language = LANGUAGES[short]
    chosen = []
    for benchmark in BENCHMARKS:
        rows, known = rows_of(language, benchmark), KNOWN["compile_fails"][benchmark][short]
        chosen += [row for row in rows if row["name"] in known]
        chosen += [row for row in rows if row["name"] not in known][:OTHERS]
    file = tmp_path / "rows.jsonl"
    file.write_text("".join(json.dumps(row) + "\n" for row in chosen))
    arguments = ["--data-file", str(file), "--sandbox", "docker", "--json"]
    assert main(["validate-rows", *arguments]) == 0
    said = json.loads(capsys.readouterr().out)
    wanted = {name for found in KNOWN["compile_fails"].values() for name in found[short]}
    assert set(said["unpassable"]) == wanted
    assert said["rows"] == len(chosen) == len(wanted) + 2 * OTHERS


@pytest.mark.docker
def test_c_sharp_compares_by_reference(tmp_path, capsys):
    rows = rows_of("csharp", "humaneval")
    file = tmp_path / "rows.jsonl"
    file.write_text("".join(json.dumps(row) + "\n" for row in rows[:6]))
    arguments = ["--data-file", str(file), "--sandbox", "docker"]
    assert main(["validate-rows", *arguments]) == 0
    known = KNOWN["cs_reference_equality"]["humaneval"]
    lines = [row["name"] for row in rows[:6] if row["name"] in known]
    reason = "a list or a dictionary is compared by reference"
    said = capsys.readouterr().out.splitlines()
    found = [f"{name}: {reason}" for name in lines]
    assert said == [*found, f"{len(lines)} of 6 rows cannot be passed"]


def test_languages_without_a_stub(tmp_path):
    row = {"name": "T_0_f", "language": "jl", "prompt": "function f()\n", "tests": "x\nend\n"}
    file = tmp_path / "rows.jsonl"
    file.write_text(json.dumps({**row, "stop_tokens": []}))
    task = load_task("multipl-e", language="julia", data_file=file)
    with pytest.raises(DataError, match="rows in julia cannot be validated: known are bash, "):
        list(unpassable_rows(task))


def test_every_language_that_is_run_has_a_stub():
    published = {name for name in TRANSLATORS if name in LANGUAGES.values()}
    assert set(STUBS) >= published
