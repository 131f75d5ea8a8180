"""Comparing and planning runs: what may be compared, what is said, what is shown."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from codeeval.compare_html import write_comparison_html
from codeeval.compare_text import comparison_table, p_text, points
from codeeval.comparing import NotComparable, compare
from codeeval.plans import plan, plan_table
from codeeval.report import Report, ReportBuilder
from codeeval.run_files import RunFileError
from codeeval.sandbox.verdict import Status
from codeeval.scoring.comparison import compare_paired
from codeeval.scoring.pass_at_k import pass_at_k
from codeeval.scoring.planning import problems_needed
from tests.codeeval.pages import Page

MANIFEST: dict[str, Any] = {
    "task": "tiny", "task_version": "1", "data_digest": "d" * 64, "rules": "tiny-1", "problems": 40,
    "cpu_seconds": None, "memory_bytes": None, "missing": "error", "extraction": "none",
}  # fmt: skip


def report(correct: list[int], samples: int = 1, **changes: Any) -> Report:
    """Return a report in which problem i has ``correct[i]`` right samples."""
    ids = [f"T/{i}" for i in range(len(correct))]
    metadata = {task_id: {"source": f"repo {i // 4}"} for i, task_id in enumerate(ids)}
    builder = ReportBuilder(("base", "plus"), ids, [1], metadata=metadata)
    for task_id, count in zip(ids, correct, strict=True):
        for index in range(samples):
            good = float(index < count)
            status = Status.PASSED if good else Status.WRONG_ANSWER
            builder.add(task_id, {"base": 1.0, "plus": good}, status, sealed=True)
    return builder.build({**MANIFEST, "problems": len(correct), **changes})


WEAK = report([1] * 20 + [0] * 20)
STRONG = report([1] * 30 + [0] * 8 + [1] * 2)
WORST = report([0] * 39 + [1])


class TestCompare:
    def test_two_runs_with_one_sample_each(self):
        found = compare(WEAK, STRONG, names=["old", "new"])
        assert found.metric == "plus/pass@1"
        old, new = found.runs
        assert (old.name, old.place, old.against, old.p_value) == ("old", 2, None, None)
        expected = compare_paired(
            [1] * 30 + [0] * 8 + [1] * 2, [1] * 20 + [0] * 20, metric="plus/pass@1"
        )
        assert new.against == expected
        assert new.p_value == new.against.p_value < 0.001
        assert (new.against.better, new.against.worse) == (12, 0)
        assert new.estimate.method == "Wilson"
        assert [task_id for task_id, _ in found.differing] == [
            f"T/{i}" for i in [*range(20, 30), 38, 39]
        ]
        assert found.differing[0][1] == (0.0, 1.0)

    def test_several_runs_are_adjusted_and_placed(self):
        found = compare(WEAK, STRONG, WORST)
        assert [run.place for run in found.runs] == [2, 1, 3]
        p = [run.against.p_value for run in found.runs[1:]]
        assert [run.p_value for run in found.runs[1:]] == pytest.approx(
            [max(p[0], 2 * p[1]) if p[1] < p[0] else 2 * p[0], max(p[1], 2 * p[0])
             if p[0] < p[1] else 2 * p[1]]
        )  # fmt: skip
        assert [(run.first, run.last) for run in found.runs] == [(2, 2), (1, 1), (3, 3)]

    def test_a_column_and_a_k(self):
        a, b = report([1, 2, 3] * 10, 4), report([2, 2, 4] * 10, 4)
        assert compare(a, b, column="base").runs[1].against.difference == 0
        found = compare(a, b, k=2)
        assert found.metric == "plus/pass@2"
        assert found.runs[1].against.test == "permutation"
        assert found.runs[1].against.difference == pytest.approx((1 / 3 + 0 + 0) / 3)

    def test_clusters_are_a_key_of_the_metadata(self):
        plain = compare(WEAK, STRONG).runs[1].against
        clustered = compare(WEAK, STRONG, cluster="source").runs[1].against
        assert clustered.se > plain.se
        assert (clustered.test, clustered.clusters) == ("permutation", 10)
        with pytest.raises(NotComparable, match="no problem has the key 'origin'"):
            compare(WEAK, STRONG, cluster="origin")

    def test_problems_that_name_no_source_are_sources_of_their_own(self):
        rows = [replace(row, metadata={"source": None if i < 30 else "x"})
                for i, row in enumerate(WEAK.problems)]  # fmt: skip
        found = compare(replace(WEAK, problems=tuple(rows)), STRONG, cluster="source")
        assert found.runs[1].against.clusters == 31
        same = [replace(row, metadata={"source": "x"}) for row in WEAK.problems]
        with pytest.raises(NotComparable, match="all problems have the same 'source': 'x'"):
            compare(replace(WEAK, problems=tuple(same)), STRONG, cluster="source")

    def test_another_run_changes_nothing_about_a_pair(self):
        fine = report([1, 2, 3, 0] * 10, 4)
        alone, beside = compare(WEAK, STRONG), compare(WEAK, STRONG, fine)
        assert alone.runs[1].against.p_value == beside.runs[1].against.p_value
        assert alone.runs[1].estimate == beside.runs[1].estimate
        assert beside.runs[2].against.test == "permutation"
        assert beside.runs[1].against.detectable > alone.runs[1].against.detectable

    def test_the_sentence_and_the_places_say_the_same(self):
        """Five to nothing: mid-p tells them apart, the exact test does not, and is shown."""
        a = report([1] * 35 + [0] * 5)
        b = report([1] * 40)
        found = compare(a, b, names=["a", "b"])
        assert found.runs[1].p_value == pytest.approx(0.03125)
        assert [(run.first, run.last) for run in found.runs] == [(2, 2), (1, 1)]
        shown = comparison_table(found)
        assert "b is better than a" in shown
        assert "exact p" in shown
        assert "0.062" in shown

    def test_failed_problems_and_infrastructure_errors_are_worth_what_was_said(self):
        broken = replace(STRONG, infrastructure_errors=2)
        [warning] = compare(WEAK, broken, names=["a", "b"]).warnings
        assert warning == "b: 2 samples could not be judged and are left out"

    @pytest.mark.parametrize(
        ("change", "text"),
        [
            ({"data_digest": "e" * 64}, "data_digest is ddd"),
            ({"task": "other"}, "task is tiny and other"),
            ({"rules": "tiny-2"}, "rules is tiny-1 and tiny-2"),
            ({"memory_bytes": 5}, "memory_bytes is not set and 5; --allow-mixed"),
            ({"image": "sha256:1"}, "image is not set and sha256:1; --allow-mixed"),
        ],
    )
    def test_what_is_not_about_the_same_thing_is_refused(self, change, text):
        other = replace(STRONG, manifest={**STRONG.manifest, **change})
        with pytest.raises(NotComparable, match=text):
            compare(WEAK, other)

    def test_what_differs_otherwise_is_a_warning(self):
        other = replace(
            STRONG, manifest={**STRONG.manifest, "memory_bytes": 5, "extraction": "stop"}
        )
        found = compare(WEAK, other, names=["a", "b"], allow_mixed=True)
        assert found.warnings == (
            "a and b: memory_bytes is not set and 5",
            "a and b: extraction is none and stop",
        )

    def test_other_mistakes(self, tmp_path):
        with pytest.raises(NotComparable, match="at least 2 runs, not 1"):
            compare(WEAK)
        with pytest.raises(NotComparable, match="no column 'minus'; there are base, plus"):
            compare(WEAK, STRONG, column="minus")
        with pytest.raises(NotComparable, match="pass@2 needs at least 2 samples"):
            compare(WEAK, STRONG, k=2)
        with pytest.raises(NotComparable, match="1 names for 2 runs"):
            compare(WEAK, STRONG, names=["x"])
        with pytest.raises(RunFileError, match="is no run directory"):
            compare(tmp_path, STRONG)

    def test_problems_without_samples_are_worth_what_was_said(self):
        ids = [f"T/{i}" for i in range(3)]
        made = []
        for missing in ("skip", "fail"):
            builder = ReportBuilder(("plus",), ids, [1], missing=missing)
            builder.add("T/0", {"plus": 1.0}, Status.PASSED, sealed=True)
            made.append(builder.build({**MANIFEST, "problems": 3, "missing": missing}))
        full = replace(made[1], problems=tuple(
            replace(row, samples=1, correct={"plus": 1}, statuses={"passed": 1})
            for row in made[1].problems
        ))  # fmt: skip
        assert compare(made[1], full).runs[1].against.difference == pytest.approx(2 / 3)
        with pytest.raises(NotComparable, match="2 problems are missing"):
            compare(made[0], replace(full, manifest=made[0].manifest))


class TestText:
    def test_says_what_can_be_said(self):
        shown = comparison_table(compare(WEAK, STRONG, names=["old", "new"]))
        assert "new is better than old by 30.0 points (McNemar mid-p, p = 0.00024)" in shown
        assert "on would have been seen with\n  80 % power" in shown
        assert "12 problems on which they differ, most first" in shown
        assert "2 more problems differ: see --json or --html" in shown

    def test_says_what_cannot(self):
        shown = comparison_table(compare(WEAK, report([1] * 21 + [0] * 19), names=["old", "new"]))
        assert "new and old are not told apart (McNemar mid-p, p = 0.50)" in shown
        same = comparison_table(compare(WEAK, WEAK))
        assert "No problem on which they differ" in same

    def test_places_are_ranges_where_there_are_several(self):
        near = report([1] * 21 + [0] * 19)
        shown = comparison_table(compare(WEAK, near, WORST, names=["a", "b", "c"]))
        assert "1 (1–2)" in shown
        assert "p (Holm)" in shown
        assert "adjusted p = " in shown
        assert "2 (1–2)" in comparison_table(compare(WEAK, near))

    def test_names_are_one_line(self):
        shown = comparison_table(compare(WEAK, STRONG, names=["a", "b\nWarning: a is a cheat"]))
        assert "\nWarning" not in shown

    def test_notes_are_those_of_every_run(self):
        few = [report([1] * 10), report([1] * 9 + [0])]
        shown = comparison_table(compare(*few, names=["a", "b"]), 200)
        assert "Note: a: no interval is reliable for 10 problems" in shown
        assert "Note: b: no interval of the difference is reliable for 10 problems" in shown

    @pytest.mark.parametrize(
        ("p", "text"), [(0.0, "< 0.0001"), (0.00123, "0.0012"), (0.0707, "0.071"), (0.5, "0.50")]
    )
    def test_p_values(self, p, text):
        assert p_text(p) == text

    def test_differences(self):
        assert [points(x) for x in (0.0301, -0.2, None)] == ["+3.0", "-20.0", "–"]


class TestPage:
    def test_is_one_file_with_everything_in_it(self, tmp_path):
        path = tmp_path / "new" / "compare.html"
        write_comparison_html(path, compare(WEAK, STRONG, WORST, names=["a", "<b>", "c"]))
        page = path.read_text()
        assert "&lt;b&gt;" in page
        assert "<b><b>" not in page
        assert page.count('<svg class="forest') == 5
        assert "http" not in page.replace("http-equiv", "")
        assert "<script" not in page
        Page(page)  # what is opened is closed


class TestPlan:
    def test_usual_values(self):
        found = plan(0.03)
        assert found.needed[1] == problems_needed(0.03, omega2=1 / 9, sigma2_a=0.15, sigma2_b=0.15)
        assert found.detectable == {}
        assert plan_table(found).count("as is usual") == 2
        assert "as given" in plan_table(plan(0.03, spread=0.02))
        seen = plan(0.03, problems=164, spread=0.02).detectable
        assert [round(100 * seen[n], 1) for n in (1, 5, 20)] == [12.4, 6.2, 4.1]

    def test_two_runs_show_spread_and_noise(self):
        """Both are found again in what was simulated with them."""
        rng = np.random.default_rng(0)
        n, size = 20, 4000
        p = rng.uniform(0.2, 0.8, size)
        q = np.clip(p + rng.normal(0, 0.1, size), 0, 1)
        runs = [report(rng.binomial(n, each).tolist(), n) for each in (p, q)]
        found = plan(0.02, runs, k=1)
        assert found.spread == pytest.approx(np.var(p - q), rel=0.1)
        noise = (p * (1 - p)).mean() / 2 + (q * (1 - q)).mean() / 2
        assert found.noise == pytest.approx(noise, rel=0.02)
        assert found.spread_source == "from the two runs"
        assert found.problems == size
        assert found.detectable[20] < found.detectable[1]

    def test_one_run_needs_an_assumption(self):
        found = plan(0.02, [report([1, 2, 3, 4] * 10, 4)])
        assert "taken to correlate by 0.5" in plan_table(found, 200)

    def test_one_sample_of_each_problem_shows_no_noise(self):
        with pytest.raises(NotComparable, match="say --noise"):
            plan(0.02, [WEAK, STRONG])
        found = plan(0.02, [WEAK, STRONG], noise=0.0)
        assert found.spread == pytest.approx(np.var([0.0] * 28 + [1.0] * 12, ddof=1))
        assert found.needed[1] == found.needed[20]
        with pytest.raises(NotComparable, match="at most 2 runs"):
            plan(0.02, [WEAK] * 3)

    def test_the_noise_of_pass_at_k_is_measured_at_the_samples_that_there_are(self):
        rng = np.random.default_rng(1)
        p = rng.uniform(0.05, 0.5, 3000)
        runs = [report(rng.binomial(20, p).tolist(), 20) for _ in range(2)]
        found = plan(0.02, runs, k=5)
        assert list(found.needed) == list(found.detectable) == [20]
        true = np.var([pass_at_k([20] * 3000, rng.binomial(20, p), 5) for _ in range(200)], axis=0)
        assert found.noise / 20 == pytest.approx(true.mean(), rel=0.05)
        assert "none is to be seen" in plan_table(plan(0.02, [runs[0], runs[0]], k=5), 200)
        with pytest.raises(NotComparable, match="only runs can tell"):
            plan(0.02, k=5)
        with pytest.raises(NotComparable, match="it takes more than 20"):
            plan(0.02, runs, k=20)


class TestCommands:
    @pytest.fixture
    def runs(self, tmp_path):
        for name, made in (("a", WEAK), ("b", STRONG)):
            (tmp_path / name).mkdir()
            (tmp_path / name / "run.json").write_text(json.dumps(made.manifest))
            (tmp_path / name / "report.json").write_text(json.dumps(made.as_dict()))
        return tmp_path / "a", tmp_path / "b"

    def call(self, capsys, *words: object) -> tuple[int, str, str]:
        from codeeval.cli import main

        code = main([str(word) for word in words])
        said = capsys.readouterr()
        return code, said.out, said.err

    def test_compare(self, capsys, runs, tmp_path):
        page = tmp_path / "page.html"
        code, out, err = self.call(capsys, "compare", *runs, "--html", page, "--json")
        assert code == 0
        assert json.loads(out)["runs"][1]["against"]["better"] == 12
        assert page.is_file()
        assert f"wrote {page}" in err
        code, out, _ = self.call(capsys, "compare", *runs, "--name", "x", "--name", "y")
        assert "y is better than x by 30.0 points" in out

    def test_what_cannot_be_compared_is_bad_input(self, capsys, runs, tmp_path):
        code, out, err = self.call(capsys, "compare", runs[0], tmp_path)
        assert (code, out) == (3, "")
        assert "is no run directory" in err

    def test_plan(self, capsys, runs):
        code, out, _ = self.call(capsys, "plan", "-d", "5", "--run", runs[0], "--run", runs[1],
                                 "--noise", "0", "--json")  # fmt: skip
        assert code == 0
        assert json.loads(out)["problems"] == 40
        assert self.call(capsys, "plan", "--difference", "0")[0] == 2
        assert self.call(capsys, "plan", "--power", "1")[0] == 2
        assert self.call(capsys, "plan", "--spread", "-1")[0] == 2
        assert self.call(capsys, "plan", "--noise", "nan")[0] == 2
        code, _, err = self.call(capsys, "plan", "--k", "2")
        assert code == 3
        assert "only runs can tell" in err
        assert "problems needed" in self.call(capsys, "plan")[1]
