"""pass@k over k, and scores by kind of problem."""

from __future__ import annotations

import json

import pytest

from codeeval.breakdowns import curve_ks
from codeeval.metrics import metric_estimate
from codeeval.options import Options, OptionsError
from codeeval.report import Report, ReportBuilder
from codeeval.report_breakdowns import curves_figure, groups_section
from codeeval.report_text import text_table
from codeeval.sandbox.verdict import Status
from codeeval.scoring.consistency import g_pass_at_k, mg_pass_at_k, pass_hat_k
from codeeval.scoring.pass_at_k import pass_at_k, pass_at_k_estimate
from tests.codeeval.command import UNSAFE, records, refused, write

PROBLEM = {
    "prompt": "def f(x):\n", "entry_point": "f", "inputs": [[1]], "outputs": [2],
    "reference": "def f(x):\n    return 2\n",
}  # fmt: skip
KINDS = ("hard", "easy", "medium", "odd")


def report(samples: int = 6, problems: int = 80, missing: str = "error") -> Report:
    """Return a report of problems of four kinds, the easy ones solved more often."""
    ids = [f"T/{i}" for i in range(problems)]
    metadata = {
        task_id: {"difficulty": KINDS[i % 4], "released": f"20{20 + i % 3}-0{1 + i % 9}-01"}
        for i, task_id in enumerate(ids)
    }
    builder = ReportBuilder(("pass",), ids, [1, 2], metadata=metadata, missing=missing)
    for i, task_id in enumerate(ids if missing == "error" else ids[4:]):
        for index in range(samples):
            right = index < (5 if KINDS[i % 4] == "easy" else i % 3)
            status = Status.PASSED if right else Status.WRONG_ANSWER
            builder.add(task_id, {"pass": float(right)}, status, sealed=True)
    return builder.build({"task": "tiny", "warnings": [], "missing": missing})


class TestCurve:
    @pytest.mark.parametrize(
        ("fewest", "ks"), [(1, []), (2, []), (3, [1, 2, 3]), (16, list(range(1, 17)))]
    )
    def test_of_few_samples_has_every_k(self, fewest, ks):
        assert curve_ks(fewest) == ks

    def test_of_many_has_some(self):
        ks = curve_ks(200)
        assert ks[0] == 1
        assert ks[-1] == 200
        assert len(ks) <= 16
        assert ks == sorted(set(ks))

    def test_is_pass_at_k(self):
        made = report()
        rows = made.problems
        n, c = [row.samples for row in rows], [row.correct["pass"] for row in rows]
        assert made.curves["pass"] == tuple(pass_at_k_estimate(n, c, k) for k in range(1, 7))
        values = [item.value for item in made.curves["pass"]]
        assert values == sorted(values)
        page = curves_figure(made)
        assert page.count('class="area c') == page.count('class="line c') == 1
        assert "pass@1" in page
        assert "pass@6" in page

    def test_is_not_there_for_one_sample_each(self):
        made = report(samples=1)
        assert made.curves == {}
        assert curves_figure(made) == ""


class TestGroups:
    def test_have_the_scores_of_their_problems(self):
        made = report()
        hard = next(group for group in made.groups if group.name == "hard")
        rows = [row for row in made.problems if row.metadata["difficulty"] == "hard"]
        n, c = [row.samples for row in rows], [row.correct["pass"] for row in rows]
        assert hard.problems == len(rows) == 20
        assert hard.estimates["pass"][0] == pass_at_k_estimate(n, c, 1)

    def test_difficulties_rise_and_dates_are_years(self):
        names = [(group.key, group.name) for group in report().groups]
        assert names == [
            ("difficulty", "easy"), ("difficulty", "medium"), ("difficulty", "hard"),
            ("difficulty", "odd"), ("released", "2020"), ("released", "2021"), ("released", "2022"),
        ]  # fmt: skip

    def test_problems_that_count_as_failed_count(self):
        made = report(missing="fail")
        hard = next(group for group in made.groups if group.name == "hard")
        assert hard.problems == 20
        assert report(missing="skip").groups[0].problems == 19

    def test_what_is_not_said_is_a_group_of_its_own(self):
        builder = ReportBuilder(
            ("pass",), ["a", "b", "c"], [1],
            metadata={"a": {"released": None, "difficulty": 0}, "b": {"released": "2024-01-01"},
                      "c": {"difficulty": 3}},
        )  # fmt: skip
        for task_id in "abc":
            builder.add(task_id, {"pass": 1.0}, Status.PASSED, sealed=True)
        names = [(group.key, group.name) for group in builder.build({}).groups]
        assert names == [
            ("difficulty", "0"), ("difficulty", "3"), ("difficulty", "not said"),
            ("released", "2024"), ("released", "not said"),
        ]  # fmt: skip

    def test_a_report_of_others_cannot_put_markup_into_the_page(self):
        record = report().as_dict()
        record["curves"]["pass"][1]["metric"] = "pass@<img src=x onerror=alert(1)>"
        with pytest.raises(ValueError, match="invalid literal"):
            curves_figure(Report.from_dict(record))

    def test_survive_json(self):
        made = report()
        assert Report.from_dict(json.loads(json.dumps(made.as_dict()))) == made

    def test_an_older_report_has_none(self):
        record = report().as_dict()
        del record["groups"], record["curves"]
        old = Report.from_dict(record)
        assert old.groups == ()
        assert groups_section(old) == ""

    def test_are_shown(self):
        made = report()
        assert "difficulty  easy" in text_table(made)
        page = groups_section(made)
        assert page.count("<table") == 2
        assert "Released in" in page


class TestWindow:
    @pytest.fixture
    def folder(self, tmp_path):
        (tmp_path / "dated").mkdir()
        (tmp_path / "dated" / "task.yaml").write_text("name: dated\nproblems: p.jsonl\n")
        days = ["2024-01-31", "2024-02-01", "2024-06-30", "2024-07-01", None]
        problems = [
            {**PROBLEM, "task_id": f"D/{i}", **({"released": day} if day else {})}
            for i, day in enumerate(days)
        ]
        write(tmp_path / "dated" / "p.jsonl", problems)
        write(tmp_path / "s.jsonl", [
            {"task_id": f"D/{i}", "solution": "def f(x): return 2"} for i in range(5)
        ])  # fmt: skip
        return tmp_path

    @pytest.fixture
    def call(self, capsys, monkeypatch, folder):
        from codeeval.cli import main
        from tests.codeeval.command import Ended

        monkeypatch.chdir(folder)

        def ended(*words: str) -> Ended:
            code = main(["evaluate", "dated/", "s.jsonl", *UNSAFE, "-q", "-o", "r", *words])
            said = capsys.readouterr()
            return Ended(code, said.out, said.err)

        return ended

    @pytest.mark.parametrize(
        ("words", "ids"),
        [
            (["--from", "2024-02-01", "--to", "2024-06-30"], ["D/1", "D/2"]),
            (["--to", "2024-01-31"], ["D/0"]),
            (["--from", "2024-06-30", "--limit", "1"], ["D/2"]),
        ],
    )
    def test_only_problems_in_it_are_evaluated(self, call, folder, words, ids):
        ended = call(*words)
        assert ended.code == 0, ended.err
        assert [line["task_id"] for line in records(folder / "r" / "results.jsonl")] == ids
        manifest = json.loads((folder / "r" / "run.json").read_text())
        assert manifest.get("released_from") == dict(zip(words[::2], words[1::2], strict=True)).get(
            "--from"
        )

    def test_an_empty_one_is_refused(self, call):
        refused(call("--from", "2025-01-01"), 2, "no problem of dated is known to be released from")
        refused(call("--to", "June"), 2, "released_to must be a date such as 2024-06-30")

    @pytest.mark.parametrize("day", ["2024-6-3", "20240603", "2024-13-01", ""])
    def test_days_are_iso_dates(self, day):
        with pytest.raises(OptionsError, match="must be a date"):
            Options(released_from=day)


def test_empirical_bayes_goes_beyond_the_samples(tmp_path, capsys):
    from codeeval.cli import main

    made = report()
    (tmp_path / "run.json").write_text(json.dumps(made.manifest))
    (tmp_path / "report.json").write_text(json.dumps(made.as_dict()))
    assert main(["report", str(tmp_path), "--bayes", "1,20"]) == 0
    out = capsys.readouterr().out
    assert "pass@20: extrapolated: there are no more than 6 samples of a problem" in out
    assert main(["report", str(tmp_path), "--bayes", "1", "--json"]) == 0
    [item] = json.loads(capsys.readouterr().out)["pass"]
    assert item["low"] < item["value"] < item["high"]
    assert item["value"] == pytest.approx(made.estimates["pass"][0].value, abs=0.03)


class TestMetrics:
    def test_by_name(self):
        made = report()
        n, c = [6] * 80, [row.correct["pass"] for row in made.problems]
        for name, values in (
            ("pass^3", pass_hat_k(n, c, 3)),
            ("G-Pass@4:0.5", g_pass_at_k(n, c, 4, "0.5")),
            ("mG-Pass@4", mg_pass_at_k(n, c, 4)),
            ("pass@2", pass_at_k(n, c, 2)),
        ):
            found = metric_estimate(made, "pass", name)
            assert found.value == pytest.approx(values.mean())
            assert found.metric == name

    def test_problems_that_count_as_failed_count(self):
        made = report(missing="fail")
        assert metric_estimate(made, "pass", "pass@1").value == pytest.approx(
            made.estimates["pass"][0].value
        )
        assert metric_estimate(made, "pass", "pass@1").tasks == 80

    @pytest.mark.parametrize("name", ["pass@", "recall@5", "g-pass@4", "pass@1:0.5", "pass^9"])
    def test_others_are_refused(self, name):
        with pytest.raises(ValueError, match=r"no metric|needs at least 9"):
            metric_estimate(report(), "pass", name)

    def test_are_printed(self, tmp_path, capsys):
        from codeeval.cli import main

        made = report()
        (tmp_path / "run.json").write_text(json.dumps(made.manifest))
        (tmp_path / "report.json").write_text(json.dumps(made.as_dict()))
        assert main(["report", str(tmp_path), "--metric", "pass^2", "--metric", "pass@1"]) == 0
        assert "pass^2" in capsys.readouterr().out
        assert main(["report", str(tmp_path), "--metric", "pass^9"]) == 3
        assert "needs at least 9 samples" in capsys.readouterr().err


class TestClusters:
    def test_intervals_are_over_sources(self, tmp_path, capsys, monkeypatch):
        from codeeval.cli import main

        monkeypatch.chdir(tmp_path)
        (tmp_path / "t").mkdir()
        (tmp_path / "t" / "task.yaml").write_text("name: t\nproblems: p.jsonl\n")
        problems = [{**PROBLEM, "task_id": f"T/{i}", "domain": f"repo {i // 2}"} for i in range(40)]
        write(tmp_path / "t" / "p.jsonl", problems)
        write(tmp_path / "s.jsonl", [
            {"task_id": f"T/{i}", "solution": f"def f(x): return {2 if i < 20 else 3}"}
            for i in range(40)
        ])  # fmt: skip
        words = ["evaluate", "t/", "s.jsonl", *UNSAFE, "-q", "--k=1", "--json", "-o"]
        assert main([*words, "a", "--cluster", "domain"]) == 0
        [found] = json.loads(capsys.readouterr().out)["estimates"]["pass"]
        assert found["method"] == "t over 20 clusters"
        assert main([*words, "b"]) == 0
        [plain] = json.loads(capsys.readouterr().out)["estimates"]["pass"]
        assert found["se"] > plain["se"]
        assert main([*words, "c", "--cluster", "origin"]) == 2


def test_samples_that_are_missing_within_a_problem_are_said():
    builder = ReportBuilder(("pass",), ["a", "b"], [1], missing="fail")
    for task_id in "aab":
        builder.add(task_id, {"pass": 1.0}, Status.PASSED, sealed=True)
    made = builder.build({})
    assert any("problems have 1 to 2 samples" in warning for warning in made.warnings)
    assert made.estimates["pass"][0].samples == 3


@pytest.mark.parametrize(
    ("samples", "right", "text"),
    [(1, 1, "one sample of each problem"), (4, 0, "all samples are alike")],
)
def test_empirical_bayes_refuses_what_it_cannot_know(tmp_path, capsys, samples, right, text):
    from codeeval.cli import main

    builder = ReportBuilder(("pass",), [f"T/{i}" for i in range(30)], [1])
    for i in range(30):
        for index in range(samples):
            good = float(index < right and (samples > 1 or i % 2))
            status = Status.PASSED if good else Status.WRONG_ANSWER
            builder.add(f"T/{i}", {"pass": good}, status, sealed=True)
    made = builder.build({})
    (tmp_path / "run.json").write_text("{}")
    (tmp_path / "report.json").write_text(json.dumps(made.as_dict()))
    assert main(["report", str(tmp_path), "--bayes", "5"]) == 3
    assert text in capsys.readouterr().err
