"""The page stands alone, obeys nothing that a model wrote, and fits every screen."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from dataclasses import replace

import pytest

from codeeval import report_html
from codeeval.charts import profile
from codeeval.excerpts import choose
from codeeval.highlight import highlight
from codeeval.report_html import write_report_html
from codeeval.sandbox.verdict import Status
from codeeval.visible import clip, visible
from tests.codeeval.pages import Page
from tests.codeeval.run_directories import MANIFEST, check, judged, realistic, write_run

HOSTILE = (
    '</pre></article></details><script>alert("x")</script><img src=x onerror=alert(1)>'
    "<style>*{display:none}</style><!-- ]]> &lt;b&gt; $title ${style} \x1b[31mred\x1b[0m"
    "\u202edesrever\u2066 \u200b \x00 \x9b2J \ud800 \U000e0041 'single' \"double\""
)


def page_of(folder, run, **options) -> str:
    report = write_run(folder, run, **options)
    write_report_html(folder / "report.html", report, folder)
    return (folder / "report.html").read_text("utf-8")


@pytest.fixture(scope="module")
def realistic_page(tmp_path_factory) -> str:
    return page_of(tmp_path_factory.mktemp("run"), realistic(), ks=(1, 3, 5, 10))


@pytest.fixture(scope="module")
def hostile_page(tmp_path_factory) -> str:
    wrong = check("base", Status.WRONG_ANSWER, HOSTILE, 3)
    texts = {"code": HOSTILE, "stdout": HOSTILE, "stderr": HOSTILE, "model": HOSTILE}
    run = [
        judged(f"A/{HOSTILE}{number}", 0, wrong, replace(wrong, name=HOSTILE), **texts)
        for number in range(25)
    ]
    manifest = {**MANIFEST, "task": HOSTILE, HOSTILE: {HOSTILE: [HOSTILE]}, "warnings": [HOSTILE]}
    return page_of(tmp_path_factory.mktemp("run"), run, manifest=manifest)


class TestSafety:
    def test_text_of_strangers_makes_no_tag(self, hostile_page):
        page = Page(hostile_page)
        assert not {"script", "img", "link", "iframe", "object", "form"} & set(page.tags)
        assert page.tags.count("style") == 1
        assert not [name for name, _ in page.attributes if name.startswith("on")]

    def test_characters_that_act_or_hide_are_spelt_out(self, hostile_page):
        assert all(c == "\n" or c.isprintable() or c == "\xa0" for c in hostile_page)
        for shown in (
            "⟨ESC⟩[31mred",
            "⟨U+202E⟩desrever",
            "⟨U+200B⟩",
            "⟨NUL⟩",
            "⟨U+D800⟩",
            "⟨U+E0041⟩",
        ):
            assert shown in hostile_page

    def test_template_words_in_strange_text_stay_words(self, hostile_page):
        assert "$title ${style}" in hostile_page

    def test_nothing_is_fetched_and_nothing_runs(self, realistic_page):
        page = Page(realistic_page)
        assert "http://" not in realistic_page
        assert "https://" not in realistic_page
        assert "url(" not in realistic_page
        assert "@import" not in realistic_page
        assert "script" not in page.tags
        assert not [value for name, value in page.attributes if name == "src"]
        targets = [value for name, value in page.attributes if name == "href"]
        assert {value[1:] for value in targets} <= set(page.ids)
        assert all(value.startswith("#") for value in targets)

    def test_a_policy_forbids_what_might_slip_through(self, realistic_page):
        assert "default-src 'none'; style-src 'unsafe-inline'" in realistic_page


class TestContent:
    def test_parses_with_unique_ids(self, realistic_page):
        page = Page(realistic_page)
        assert len(page.ids) == len(set(page.ids))
        assert page.tags.count("h1") == 1

    def test_tells_every_field_of_the_manifest(self, realistic_page):
        text = "".join(Page(realistic_page).text)
        for key in MANIFEST:
            assert key.replace("_", " ") in text
        for value in (MANIFEST["data_digest"], MANIFEST["image"], "4 GiB (4,294,967,296 bytes)"):
            assert value in text

    def test_a_manifest_that_repeats_itself_is_shown_once(self, tmp_path):
        spec = {key: MANIFEST[key] for key in ("task", "rules", "limits")}
        page = page_of(tmp_path, realistic(3, 1), manifest={**MANIFEST, "spec": spec})
        assert page.count("memory bytes") == 1

    def test_every_problem_can_be_opened(self, realistic_page):
        assert (
            len(re.findall(r'<details class="(?:always|sometimes|never)"', realistic_page)) == 164
        )

    def test_shows_code_message_and_output_of_a_failure(self, tmp_path):
        wrong = check("base", Status.WRONG_ANSWER, "call 3: returned 1, expected 2", 3)
        run = [judged("A/0", 0, wrong, wrong, code="return 41", stdout="hello", stderr="oops")]
        text = "".join(Page(page_of(tmp_path, run)).text)
        for words in (
            "return 41",
            "call 3: returned 1, expected 2",
            "hello",
            "oops",
            "tests finished",
        ):
            assert words in text

    def test_says_what_is_left_out(self, realistic_page):
        shown = realistic_page.count("<article")
        assert f"Of 1,640 samples {shown} are shown" in realistic_page

    def test_without_any_k_it_still_stands(self, tmp_path):
        page = page_of(tmp_path, realistic(3, 1), ks=(5,))
        assert "No k can be reported" in page
        Page(page)

    def test_a_page_stays_small_whatever_the_run(self, tmp_path, monkeypatch):
        monkeypatch.setattr(report_html, "PAGE_BYTES", 150_000)
        wrong = check("base", Status.WRONG_ANSWER, "x" * 5000, 3)
        run = [judged(f"A/{n}", 0, wrong, wrong, code="x = '<>&'\n" * 10_000) for n in range(60)]
        page = page_of(tmp_path, run)
        assert 100_000 < len(page.encode()) < 151_000
        assert "more characters" in page
        assert "No sample of this problem is shown on this page" in page


class TestChoice:
    def test_different_failures_come_first_and_one_that_passes(self, tmp_path):
        fine = check("base", Status.PASSED), check("plus", Status.PASSED)
        bad = {
            status: (check("base", status, "no", 1), check("plus", status, "no", 1))
            for status in (Status.WRONG_ANSWER, Status.TIMEOUT)
        }
        kinds = [fine, *[bad[Status.WRONG_ANSWER]] * 5, bad[Status.TIMEOUT], fine]
        write_run(tmp_path, [judged("A/0", n, *checks) for n, checks in enumerate(kinds)])
        assert choose(tmp_path, ["A/0"], 9) == [("A/0", 1), ("A/0", 0), ("A/0", 6), ("A/0", 2)]

    def test_the_order_of_finishing_makes_no_difference(self, tmp_path):
        write_run(tmp_path, realistic(20, 10))
        ids = [f"HumanEval/{number}" for number in range(20)]
        first = choose(tmp_path, ids, 40)
        path = tmp_path / "results.jsonl"
        path.write_text("".join(sorted(path.read_text().splitlines(keepends=True))))
        assert choose(tmp_path, ids, 40) == first

    def test_the_last_verdict_of_a_sample_counts(self, tmp_path):
        wrong = check("base", Status.WRONG_ANSWER, "no", 1)
        fine = check("base", Status.PASSED)
        report = write_run(tmp_path, [judged("A/0", 0, wrong, wrong)])
        old = (tmp_path / "results.jsonl").read_text()
        write_run(tmp_path, [judged("A/0", 0, fine, fine)])
        new = (tmp_path / "results.jsonl").read_text()
        (tmp_path / "results.jsonl").write_text(old + new + '{"task_id": "A/0", "ind')
        write_report_html(tmp_path / "report.html", report, tmp_path)
        page = (tmp_path / "report.html").read_text()
        assert re.findall('<article class="s-([a-z_]+)"', page) == ["passed"]


def test_highlighting_keeps_the_text():
    source = (
        "class A:\n    def f(self):  # <b>\n        return f\"a\\\"{1 < 2}\" + '''x\ny'''\n\"open"
    )
    assert "".join(Page(highlight(source)).text) == source
    assert "<b>f</b>" in highlight(source)
    assert "<u>def</u>" in highlight(source)


def test_visible_leaves_what_can_be_seen():
    assert visible("naïve 数学 é\t😀\r\n") == "naïve 数学 é\t😀\n"


def test_clip_says_how_much_it_left_out():
    assert clip("abc", 3) == "abc"
    assert clip("x" * 2000, 500).endswith("… 1,500 more characters")


def test_a_profile_falls_from_most_to_least_solved():
    chart = profile([("c0", [0.0, 1.0, 0.5, 0.5])], "label")
    assert 'd="M0 0.0H250.0V50.0H750.0V100.0H1000.0V100.0"' in chart


@pytest.mark.browser
@pytest.mark.skipif(not shutil.which("chromium"), reason="needs Chromium")
@pytest.mark.parametrize("width", [360, 1280])
@pytest.mark.parametrize("name", ["realistic_page", "hostile_page"])
def test_fits_the_screen_without_scrolling_sideways(name, width, tmp_path, request):
    """Every problem is opened; a frame may be narrower than a window."""
    page = request.getfixturevalue(name)
    page = re.sub(r'<meta http-equiv="Content-Security-Policy"[^>]*>', "", page)
    page = page.replace("<details class", "<details open class")
    page = page.replace("content-visibility: auto", "content-visibility: visible")
    measure = (
        "<script>onload = () => parent.postMessage([document.documentElement.scrollWidth,"
        "innerWidth, document.querySelectorAll('article').length], '*')</script></body>"
    )
    (tmp_path / "page.html").write_text(page.replace("</body>", measure), "utf-8")
    (tmp_path / "frame.html").write_text(
        f'<iframe src="page.html" style="width:{width}px;height:900px;border:0"></iframe><p></p>'
        "<script>onmessage = event => "
        "document.querySelector('p').textContent = JSON.stringify(event.data)</script>"
    )
    command = [
        "chromium",
        "--headless=new",
        "--no-sandbox",
        "--disable-gpu",
        "--window-size=1400,1000",
    ]
    command += [
        f"--user-data-dir={tmp_path / 'profile'}",
        "--virtual-time-budget=10000",
        "--dump-dom",
    ]
    done = subprocess.run(
        [*command, (tmp_path / "frame.html").as_uri()],
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    match = re.search(r"<p>(\[.*?\])</p>", done.stdout)
    assert match, done.stderr
    scroll_width, inner_width, articles = json.loads(match.group(1))
    assert articles > 0
    assert inner_width == width
    assert scroll_width <= width
