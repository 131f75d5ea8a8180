from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from codeeval.scoring.memory import (
    CappedScores,
    Footprint,
    Ratios,
    capped_scores,
    footprint,
    footprint_over_tests,
    footprint_ratios,
    mean_footprint,
    mean_of_ratios,
    mean_over_languages,
    parse_memory_trace,
    ratio_of_totals,
    solved_by_both,
)

MB = 2**20
NAN, INF = float("nan"), float("inf")
TRACES = st.lists(
    st.tuples(st.integers(0, 1000), st.integers(0, 2**40)), min_size=1, max_size=20
).map(lambda steps: (np.cumsum([step for step, _ in steps]) / 1000, [size for _, size in steps]))
AMOUNTS = st.floats(1e-3, 1e6)
FOOTPRINTS = st.builds(Footprint, seconds=AMOUNTS, peak_bytes=AMOUNTS, byte_seconds=AMOUNTS)
PAIRS = st.lists(st.tuples(FOOTPRINTS, FOOTPRINTS), min_size=1, max_size=8)


def run(seconds, megabytes, megabyte_seconds):
    return Footprint(seconds=seconds, peak_bytes=megabytes * MB, byte_seconds=megabyte_seconds * MB)


MODEL = [run(2.0, 30, 45), run(0.5, 25, 10), run(0.9, 90, 60)]
REFERENCE = [run(1.0, 20, 15), run(0.5, 25, 10), run(0.3, 30, 6)]


class TestFootprint:
    def test_the_worked_example(self):
        found = footprint([10.0, 10.5, 11.0, 12.0], [20 * MB, 30 * MB, 30 * MB, 10 * MB])
        assert found.seconds == pytest.approx(2.0)
        assert found.peak_bytes == 30 * MB
        assert found.byte_seconds == pytest.approx(47.5 * MB)

    def test_one_reading_has_no_duration(self):
        assert footprint([7.0], [5]) == Footprint(seconds=0.0, peak_bytes=5.0, byte_seconds=0.0)

    @given(TRACES, st.data())
    def test_a_trace_is_the_sum_of_its_parts(self, trace, data):
        seconds, sizes = trace
        cut = data.draw(st.integers(0, len(sizes) - 1))
        whole = footprint(seconds, sizes)
        first = footprint(seconds[: cut + 1], sizes[: cut + 1])
        second = footprint(seconds[cut:], sizes[cut:])
        joined = footprint_over_tests([first, second])
        assert whole.seconds == pytest.approx(joined.seconds)
        assert whole.peak_bytes == joined.peak_bytes
        assert whole.byte_seconds == pytest.approx(joined.byte_seconds)

    @given(TRACES)
    def test_the_integral_is_at_most_the_peak_all_the_time(self, trace):
        found = footprint(*trace)
        assert found.byte_seconds <= found.peak_bytes * found.seconds * (1 + 1e-12)

    @given(TRACES)
    def test_a_reading_on_the_line_between_two_adds_nothing(self, trace):
        seconds, sizes = trace
        finer_seconds, finer_sizes = [seconds[0]], [sizes[0]]
        for index in range(1, len(sizes)):
            finer_seconds += [(seconds[index - 1] + seconds[index]) / 2, seconds[index]]
            finer_sizes += [(sizes[index - 1] + sizes[index]) / 2, sizes[index]]
        found, finer = footprint(seconds, sizes), footprint(finer_seconds, finer_sizes)
        assert finer.byte_seconds == pytest.approx(found.byte_seconds)
        assert finer.peak_bytes == found.peak_bytes

    @given(TRACES)
    def test_the_integral_is_the_area_of_rectangles_and_triangles(self, trace):
        seconds, sizes = trace
        area = sum(
            (b - a) * (min(m, n) + abs(m - n) / 2)
            for (a, b), (m, n) in zip(pairwise(seconds), pairwise(sizes), strict=True)
        )
        assert footprint(seconds, sizes).byte_seconds == pytest.approx(area)

    @pytest.mark.parametrize(
        ("seconds", "sizes", "said"),
        [
            ([], [], "at least 1 reading"),
            ([1.0, 2.0], [1], r"\(2,\), \(1,\)"),
            ([1.0, NAN], [1, 1], "finite"),
            ([1.0, 2.0], [1, -1], "not below 0"),
            ([1.0, 3.0, 2.0], [1, 1, 1], "reading 2 is earlier .* 2.0 after 3.0"),
        ],
    )
    def test_a_bad_trace_is_refused(self, seconds, sizes, said):
        with pytest.raises(ValueError, match=said):
            footprint(seconds, sizes)

    def test_amounts_are_finite_and_not_below_0(self):
        with pytest.raises(ValueError, match="seconds is finite and not below 0, not -1"):
            Footprint(seconds=-1.0, peak_bytes=0.0, byte_seconds=0.0)
        with pytest.raises(ValueError, match="byte_seconds"):
            Footprint(seconds=1.0, peak_bytes=0.0, byte_seconds=INF)


class TestTextForm:
    def test_readings_among_other_lines(self):
        seconds, sizes = parse_memory_trace(
            "CMDLINE python solution.py\n"
            "MEM 20.000000 10.0\n"
            "MEM 30.000000 10.5\n"
            "CHLD 4242 7.5 10.5\n"
            "\n"
            "MEM 30.000000 11.0\r\n"
            "MEM 10.000000 12.0\n"
            "FUNC main 20.0 10.0 10.0 12.0\n"
        )
        assert seconds.tolist() == [10.0, 10.5, 11.0, 12.0]
        assert sizes.tolist() == [20 * MB, 30 * MB, 30 * MB, 10 * MB]
        assert footprint(seconds, sizes).byte_seconds == pytest.approx(47.5 * MB)

    @given(st.lists(st.tuples(st.integers(0, 2**33), st.integers(0, 2**31)), max_size=10))
    def test_pages_and_times_come_back(self, readings):
        text = "".join(f"MEM {4096 * pages / MB:.6f} {time:.4f}\n" for pages, time in readings)
        seconds, sizes = parse_memory_trace(text)
        assert seconds.tolist() == [time for _, time in readings]
        assert np.abs(sizes - np.array([4096 * pages for pages, _ in readings])).max(initial=0) <= 1
        assert sizes.dtype == np.int64

    @pytest.mark.parametrize(
        "line",
        [
            *("MEM", "MEM 1.0", "MEM 1.0 2.0 3.0", "MEM x 2.0", "MEM nan 2.0"),
            *("MEM -1 2", "MEM 1 inf", "MEM 1e300 2.0"),
        ],
    )
    def test_a_malformed_reading_is_named(self, line):
        with pytest.raises(ValueError) as found:
            parse_memory_trace(f"CMDLINE x\nMEM 1.0 2.0\n{line}\n")
        assert str(found.value).startswith(f"line 3: {line!r}; expected 'MEM <megabytes> <unix")


class TestNormalised:
    def test_means_of_the_worked_example(self):
        found = mean_footprint(MODEL)
        assert found.seconds == pytest.approx(1.133333, abs=5e-7)
        assert found.peak_bytes / MB == pytest.approx(48.333333, abs=5e-7)
        assert found.byte_seconds / MB == pytest.approx(38.333333, abs=5e-7)

    def test_the_two_forms_differ(self):
        ratios, totals = mean_of_ratios(MODEL, REFERENCE), ratio_of_totals(MODEL, REFERENCE)
        assert (ratios.net, ratios.nmu, ratios.ntmu) == pytest.approx(
            (2.0, 1.833333, 4.666667), abs=5e-7
        )
        assert (totals.net, totals.nmu, totals.ntmu) == pytest.approx(
            (1.888889, 1.933333, 3.709677), abs=5e-7
        )

    def test_each_problem_has_its_ratios(self):
        found = footprint_ratios(MODEL, REFERENCE)
        assert [each.nmu for each in found] == pytest.approx([1.5, 1.0, 3.0])
        assert max(each.ntmu for each in found) == pytest.approx(10.0)

    @given(PAIRS)
    def test_both_forms_lie_among_the_ratios(self, pairs):
        model, reference = zip(*pairs, strict=True)
        every = [each.net for each in footprint_ratios(model, reference)]
        for form in (mean_of_ratios, ratio_of_totals):
            assert min(every) * (1 - 1e-9) <= form(model, reference).net
            assert form(model, reference).net <= max(every) * (1 + 1e-9)

    @given(st.lists(FOOTPRINTS, min_size=1, max_size=8))
    def test_the_reference_takes_as_much_as_itself(self, reference):
        for form in (mean_of_ratios, ratio_of_totals):
            found = form(reference, reference)
            assert (found.net, found.nmu, found.ntmu) == pytest.approx((1, 1, 1))

    @given(PAIRS)
    def test_they_agree_where_all_references_are_alike(self, pairs):
        model, alike = [a for a, _ in pairs], [pairs[0][1]] * len(pairs)
        means, totals = mean_of_ratios(model, alike), ratio_of_totals(model, alike)
        assert (means.net, means.nmu, means.ntmu) == pytest.approx(
            (totals.net, totals.nmu, totals.ntmu)
        )

    @pytest.mark.parametrize("form", [footprint_ratios, mean_of_ratios, ratio_of_totals])
    def test_what_has_no_ratio_is_refused(self, form):
        with pytest.raises(ValueError, match="took nothing"):
            form([run(1.0, 1, 1)], [run(0.0, 1, 0)])
        with pytest.raises(ValueError, match="1 problems of the model, 2 of the reference"):
            form([run(1.0, 1, 1)], REFERENCE[:2])
        with pytest.raises(ValueError, match="at least 1 problem"):
            form([], [])

    def test_a_reference_of_no_duration_counts_in_a_total(self):
        found = ratio_of_totals([run(1.0, 1, 1)] * 2, [run(0.0, 1, 0), run(1.0, 1, 1)])
        assert found == Ratios(net=2.0, nmu=1.0, ntmu=2.0)


class TestCommonProblems:
    def test_only_what_both_solved_is_left(self):
        a = {"p/0": MODEL[0], "p/1": None, "p/2": MODEL[2], "p/3": None}
        b = {"p/3": None, "p/2": REFERENCE[2], "p/1": REFERENCE[1], "p/0": REFERENCE[0]}
        first, second = solved_by_both(a, b)
        assert list(first) == list(second) == ["p/0", "p/2"]
        assert mean_footprint(list(first.values())).seconds == pytest.approx(1.45)
        assert mean_footprint(list(second.values())).seconds == pytest.approx(0.65)

    def test_a_value_of_0_is_a_value(self):
        assert solved_by_both({"p": 0.0}, {"p": 1.0}) == ({"p": 0.0}, {"p": 1.0})

    def test_nothing_may_be_in_common(self):
        assert solved_by_both({"p": 1}, {"p": None}) == ({}, {})

    @pytest.mark.parametrize(
        ("a", "b", "said"),
        [({"p": 1, "q": 2}, {"p": 1}, "q"), ({"p": None}, {"p": 1, "q": None}, "first")],
    )
    def test_a_problem_that_was_not_measured_is_an_error(self, a, b, said):
        with pytest.raises(ValueError, match=f"1 problems are missing in the .*{said}"):
            solved_by_both(a, b)


class TestEffiBenchX:
    def test_the_worked_example(self):
        hundred = Footprint(seconds=100.0, peak_bytes=100.0, byte_seconds=100.0)
        slower = Footprint(seconds=160.0, peak_bytes=80.0, byte_seconds=160.0)
        found = capped_scores(slower, fastest=hundred, leanest=hundred)
        assert found == CappedScores(et=0.625, mp=1.0, mi=0.625)

    def test_time_and_peak_have_references_of_their_own(self):
        fast = Footprint(seconds=1.0, peak_bytes=80.0, byte_seconds=60.0)
        lean = Footprint(seconds=2.0, peak_bytes=20.0, byte_seconds=30.0)
        model = Footprint(seconds=4.0, peak_bytes=40.0, byte_seconds=120.0)
        found = capped_scores(model, fastest=fast, leanest=lean)
        assert found == CappedScores(et=0.25, mp=0.5, mi=0.25)
        swapped = capped_scores(model, fastest=lean, leanest=fast)
        assert swapped == CappedScores(et=0.5, mp=1.0, mi=0.25)

    def test_a_failed_test_makes_all_of_it_0(self):
        assert capped_scores(None, fastest=MODEL[0], leanest=MODEL[0]) == CappedScores(
            et=0.0, mp=0.0, mi=0.0
        )

    def test_tests_are_summed_but_for_the_peak(self):
        found = footprint_over_tests(MODEL)
        assert found.seconds == pytest.approx(3.4)
        assert found.peak_bytes == 90 * MB
        assert found.byte_seconds == pytest.approx(115 * MB)
        with pytest.raises(ValueError, match="at least 1 test"):
            footprint_over_tests([])

    @given(FOOTPRINTS, FOOTPRINTS, FOOTPRINTS)
    def test_scores_lie_in_0_to_1(self, model, fastest, leanest):
        found = capped_scores(model, fastest=fastest, leanest=leanest)
        assert all(0 < score <= 1 for score in (found.et, found.mp, found.mi))

    def test_nothing_is_as_good_as_can_be(self):
        nothing = Footprint(seconds=0.0, peak_bytes=0.0, byte_seconds=0.0)
        assert capped_scores(nothing, fastest=nothing, leanest=nothing).et == 1.0

    def test_languages_have_equal_weight(self):
        one, zero = CappedScores(et=1.0, mp=0.8, mi=0.6), CappedScores(et=0.0, mp=0.0, mi=0.0)
        found = mean_over_languages({"python3": [one, zero], "cpp": [one, one]})
        assert (found.et, found.mp, found.mi) == pytest.approx((0.75, 0.6, 0.45))

    @pytest.mark.parametrize("languages", [{}, {"cpp": []}, {"cpp": [], "java": [1]}])
    def test_every_language_has_every_problem(self, languages):
        with pytest.raises(ValueError, match="one number above 0"):
            mean_over_languages(languages)
