"""What is made of a control group's counters, of both versions, from files like the kernel's."""

from __future__ import annotations

import mmap
import os
import time
from collections.abc import Callable

import pytest

from codeeval.sandbox import group
from codeeval.sandbox.group import ControlGroup, Growth

MIB = 2**20
VERSIONS = {
    1: ("cpuacct/cgroup.procs", "memory/cgroup.procs"),
    2: ("cgroup.procs",),
}


@pytest.fixture(params=VERSIONS)
def tell(request, tmp_path, monkeypatch) -> Callable[[float, int, int], None]:
    """Write the counters of a group that this process is in: seconds, own and shared bytes."""
    monkeypatch.setattr(group, "FOLDER", str(tmp_path))
    for name in VERSIONS[request.param]:
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(f"1\n{os.getpid()}\n77\n")

    def write(seconds: float, own: int, shared: int) -> None:
        if request.param == 1:
            files = {
                "cpuacct/cpuacct.usage": f"{seconds * 1e9:.0f}\n",
                "memory/memory.stat": f"cache 999999\nrss {own}\nrss_huge 5\nshmem {shared}\n",
            }
        else:
            files = {
                "cpu.stat": f"usage_usec {seconds * 1e6:.0f}\nuser_usec 3\nsystem_usec 4\n",
                "memory.stat": f"anon {own}\nfile 999999\nshmem {shared}\nfile_mapped 7\n",
            }
        for name, text in files.items():
            (tmp_path / name).write_text(text)

    write(5, 10 * MIB, 2 * MIB)
    return write


def growth_of(counted: ControlGroup, ours: list[int]) -> Growth:
    return Growth(counted, counted.footing(ours))


def test_what_a_group_counts_is_what_it_has_grown_by(tell):
    growth = growth_of(ControlGroup(alone=True, folders=[]), [])
    tell(7.5, 30 * MIB, 9 * MIB)
    assert growth.cpu_seconds(0) == pytest.approx(2.5)
    assert growth.memory_bytes(0) == 27 * MIB


def test_what_we_use_ourselves_is_taken_off(tell):
    growth = growth_of(ControlGroup(alone=True, folders=[]), [os.getpid()])
    started = time.process_time()
    # Not from the heap, which may have room that it has not given back.
    held = mmap.mmap(-1, 50 * MIB, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
    held.write(b"x" * len(held))
    while time.process_time() < started + 0.2:
        pass
    tell(7.5, 110 * MIB, 2 * MIB)
    assert 0 < growth.cpu_seconds(0) < 2.5 - 0.2
    assert 0 < growth.memory_bytes(0) <= 100 * MIB - len(held) + MIB


def test_a_judge_that_was_started_later_counts_as_ours(tell):
    growth = growth_of(ControlGroup(alone=True, folders=[]), [])
    tell(1000.0, 2000 * MIB, 2 * MIB)
    assert growth.cpu_seconds(os.getpid()) == pytest.approx(995 - time.process_time(), abs=0.2)
    assert 0 < growth.memory_bytes(os.getpid()) < 1990 * MIB


def test_nothing_is_said_of_memory_while_one_of_us_ends(tell):
    child = os.fork()
    if child == 0:
        os._exit(0)
    os.waitid(os.P_PID, child, os.WEXITED | os.WNOWAIT)
    growth = growth_of(ControlGroup(alone=True, folders=[]), [child])
    tell(7.5, 500 * MIB, 2 * MIB)
    assert growth.memory_bytes(0) == 0
    os.waitpid(child, 0)


def test_files_are_taken_off(tell, tmp_path):
    counted = ControlGroup(alone=True, folders=[str(tmp_path)])
    growth = growth_of(counted, [])
    held = counted.files_bytes()
    tell(7.5, held + 510 * MIB, 2 * MIB)
    assert growth.memory_bytes(0) == pytest.approx(500 * MIB, abs=100 * MIB)  # others write, too


def test_a_group_with_others_in_it_counts_nothing(tell):
    growth = growth_of(ControlGroup(alone=False, folders=[]), [])
    tell(7.5, 30 * MIB, 9 * MIB)
    assert (growth.cpu_seconds(0), growth.memory_bytes(0)) == (0, 0)


def test_a_group_that_we_are_not_in_counts_nothing(tell, tmp_path):
    for path in tmp_path.rglob("cgroup.procs"):
        path.write_text("1\n0\n")
    growth = growth_of(ControlGroup(alone=True, folders=[]), [])
    tell(7.5, 30 * MIB, 9 * MIB)
    assert (growth.cpu_seconds(0), growth.memory_bytes(0)) == (0, 0)
