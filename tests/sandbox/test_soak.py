"""The soak of tests/benchmarks/soak.py in a short form; the long one is run by hand."""

from __future__ import annotations

import pytest

from tests.benchmarks.soak import soak
from tests.sandbox.conftest import JAILED, open_or_skip

MIB = 2**20


@pytest.mark.slow
@pytest.mark.parametrize("sandbox", JAILED)
def test_hostile_programs_leave_nothing_behind(sandbox):
    open_or_skip(sandbox).close()
    seen = soak(sandbox, 2000)
    assert seen.wrong == ()
    assert seen.left == ()
    assert seen.descriptors[1] <= seen.descriptors[0] + 4
    assert seen.driver_bytes[1] < seen.driver_bytes[0] + 40 * MIB
    assert seen.runner_bytes[1] < seen.runner_bytes[0] + 40 * MIB
