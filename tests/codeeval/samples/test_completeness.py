from __future__ import annotations

import pytest

from codeeval.samples.completeness import Completeness
from codeeval.samples.errors import SampleError
from codeeval.samples.ids import SampleIds
from codeeval.samples.numbering import MAX_INDEX
from codeeval.tasks.task import Sample

IDS = SampleIds(tuple(f"p/{number}" for number in range(14)))


def counted(*pairs):
    completeness = Completeness(IDS)
    samples = [Sample(f"p/{problem}", index, solution="x") for problem, index in pairs]
    assert list(completeness.watch(samples)) == samples
    return completeness


def test_full_and_even_samples_pass():
    completeness = counted(*[(problem, index) for problem in range(14) for index in (1, 0)])
    assert completeness.check() == ()
    assert completeness.uneven is None
    assert completeness.doubled == ()
    assert completeness.counts == dict.fromkeys(IDS.ids, 2)


def test_missing_problems_are_an_error_with_the_count_and_the_first_ten():
    with pytest.raises(SampleError) as caught:
        counted((3, 0)).check()
    names = ", ".join(f"p/{number}" for number in (0, 1, 2, 4, 5, 6, 7, 8, 9, 10))
    assert f"13 of 14 problems have no sample: {names}, ...; " in str(caught.value)


@pytest.mark.parametrize("missing", ["fail", "skip"])
def test_missing_problems_are_returned_if_the_caller_decides(missing):
    pairs = [(problem, 0) for problem in range(12)]
    assert counted(*pairs).check(missing) == ("p/12", "p/13")


def test_samples_that_came_twice_are_an_error_whatever_is_missing():
    completeness = counted((0, 0), (0, 7), (0, 7), (0, 0), (0, 7))
    assert completeness.doubled == (("p/0", 7), ("p/0", 0), ("p/0", 7))
    assert completeness.counts["p/0"] == 2
    with pytest.raises(SampleError, match=r"3 samples came twice: p/0 7, p/0 0, p/0 7$"):
        completeness.check("skip")


def test_uneven_counts_are_told_among_the_problems_that_have_samples():
    assert counted((0, 0), (0, 1), (0, 2), (5, 0)).uneven == (1, 3)
    assert counted((0, 0), (5, 0)).uneven is None
    assert counted().uneven is None


def test_nonsense_is_refused():
    with pytest.raises(ValueError, match="index must be 0 to"):
        counted((0, MAX_INDEX + 1))
    with pytest.raises(ValueError, match="missing must be error, fail or skip, found 'no'"):
        counted((0, 0)).check("no")
