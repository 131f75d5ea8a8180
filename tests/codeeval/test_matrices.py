"""Runs of translations side by side: which may be, and what is shown."""

from __future__ import annotations

import json

import pytest

from codeeval.cli.app import main
from codeeval.matrices import NO_SOURCE, NoMatrix, matrix_of, matrix_table, write_matrix_html
from codeeval.report import ReportBuilder
from codeeval.run_files import RunFileError
from codeeval.sandbox.verdict import Status
from tests.codeeval.pages import Page


@pytest.fixture
def run(tmp_path):
    """Make run directories of a task with two columns: all right answers, and some of them safe."""

    def make(source: str, target: str, right: int, safe: int = 0, task: str = "tiny") -> str:
        ids = [f"T/{i}" for i in range(10)]
        builder = ReportBuilder(("pass", "safe"), ids, [1])
        for place, task_id in enumerate(ids):
            status = Status.PASSED if place < right else Status.WRONG_ANSWER
            scores = {"pass": float(place < right), "safe": float(place < safe)}
            builder.add(task_id, scores, status, sealed=True)
        manifest = {
            "task": task, "task_version": "1", "data_digest": "d" * 64, "rules": "1",
            "problems": 10, "cpu_seconds": None, "memory_bytes": None, "missing": "error",
            "extraction": "none", "language": target, "source_language": source,
        }  # fmt: skip
        folder = tmp_path / f"{source}-{target}-{len(list(tmp_path.iterdir()))}"
        folder.mkdir()
        (folder / "run.json").write_text(json.dumps(manifest))
        report = builder.build(manifest)
        (folder / "report.json").write_text(json.dumps(report.as_dict()))
        return str(folder)

    return make


def test_pairs_of_languages_and_those_without_a_run(run):
    runs = [run("c", "rust", 9, 4), run("java", "rust", 5), run("c", "go", 10), run("", "go", 3)]
    matrix = matrix_of(runs)
    assert matrix.sources == ("c", "java", NO_SOURCE)
    assert matrix.targets == ("go", "rust")
    shares = {pair: each.value for pair, each in matrix.cells.items()}
    assert shares == {
        ("c", "rust"): 0.9, ("java", "rust"): 0.5, ("c", "go"): 1.0, (NO_SOURCE, "go"): 0.3
    }  # fmt: skip
    assert matrix_table(matrix).splitlines() == [
        "tiny: pass@1 in percent, column pass",
        "",
        "from \\ to        go  rust",
        "c             100.0  90.0",
        "java              –  50.0",
        "none: solved   30.0     –",
    ]


def test_another_column(run):
    runs = [run("c", "rust", 9, 4)]
    assert matrix_of(runs, column="safe").cells[("c", "rust")].value == 0.4
    with pytest.raises(NoMatrix, match="there is no pass@1 of fast; it has pass@1"):
        matrix_of(runs, column="fast")
    with pytest.raises(NoMatrix, match="there is no pass@5 of pass"):
        matrix_of(runs, k=5)


def test_runs_that_cannot_stand_in_one(run, tmp_path):
    first = run("c", "rust", 9)
    with pytest.raises(NoMatrix, match=r"two runs of c to rust: .* and "):
        matrix_of([first, run("c", "rust", 8)])
    with pytest.raises(NoMatrix, match=r"runs of several tasks: tiny in .*, large in "):
        matrix_of([first, run("c", "go", 8, task="large")])
    with pytest.raises(NoMatrix, match="the task tiny has no language to be chosen"):
        matrix_of([run("", "", 8)])
    with pytest.raises(NoMatrix, match="no runs are named"):
        matrix_of([])
    with pytest.raises(RunFileError, match="is no run directory"):
        matrix_of([tmp_path / "nothing"])


def test_a_page(run, tmp_path):
    matrix = matrix_of([run("c<b>", "rust", 9), run("java", "go", 2)])
    path = tmp_path / "pages" / "matrix.html"
    write_matrix_html(path, matrix)
    page = Page(path.read_text())
    assert "script" not in page.tags
    assert "c<b>" in page.text
    assert ("style", "--share:90%") in page.attributes
    assert page.attributes.count(("aria-label", "no run")) == 2
    assert not [name for name, value in page.attributes if name in ("src", "href") and ":" in value]


def test_the_command(run, tmp_path, capsys):
    runs = [run("c", "rust", 9), run("java", "rust", 5)]
    page = tmp_path / "matrix.html"
    assert main(["matrix", *runs, "--html", str(page)]) == 0
    assert "java       50.0" in capsys.readouterr().out
    assert page.is_file()
    assert main(["matrix", *runs, "--json"]) == 0
    cells = json.loads(capsys.readouterr().out)["cells"]
    assert [(each["source"], each["target"], each["value"]) for each in cells] == [
        ("c", "rust", 0.9),
        ("java", "rust", 0.5),
    ]
    assert main(["matrix", runs[0], runs[0]]) == 3
