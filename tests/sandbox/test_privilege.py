"""What a sample can see and do in its jail, against the tables of docs/sandbox.md."""

from __future__ import annotations

import json
import os
import platform
import shutil
import subprocess
import tempfile
from functools import cache
from pathlib import Path

import pytest

import codeeval.sandbox
from codeeval.sandbox import confine
from codeeval.sandbox.doctor import LIMITS, observe
from codeeval.sandbox.errors import SandboxUnavailable
from codeeval.sandbox.executor import open_executor

DOCUMENT = Path(__file__).parents[2] / "docs" / "sandbox.md"
DOCKER = pytest.param("docker", marks=pytest.mark.docker)
SANDBOXES = [DOCKER, "bubblewrap", "bubblewrap as nobody"]
OWN_USERS = [DOCKER, "bubblewrap"]
NOBODY = 65534


def unavailable(reason: str) -> None:
    if os.environ.get("CODEEVAL_REQUIRE_ALL"):
        pytest.fail(reason)
    pytest.skip(reason)


@cache
def observed(sandbox: str) -> dict:
    """What two samples see, one after the other. Looked at once for all tests."""
    if sandbox == "bubblewrap as nobody":
        return json.loads(as_nobody(OBSERVE))
    try:
        with open_executor(sandbox, workers=1, limits=LIMITS) as executor:
            return observe(executor)
    except SandboxUnavailable as error:
        unavailable(str(error))
        raise AssertionError from error


OBSERVE = """
import json
from codeeval.sandbox.doctor import observe
from codeeval.sandbox.executor import open_executor
with open_executor("bubblewrap", workers=1) as executor:
    print(json.dumps(observe(executor)))
"""


def as_nobody(script: str) -> str:
    """Run Python code that uses this package as a user without rights; return its output."""
    if os.geteuid() != 0:
        pytest.skip("only root can become nobody")
    if shutil.which("bwrap") is None:
        unavailable("bubblewrap is not installed")
    python = Path("/usr/bin/python3")
    new = "import sys; sys.exit(sys.version_info < (3, 11))"
    if not python.exists() or subprocess.run([python, "-c", new], check=False).returncode:
        pytest.skip("no Python 3.11 or newer that every user may run")
    with tempfile.TemporaryDirectory(prefix="codeeval-test-") as folder:
        os.chmod(folder, 0o755)
        package = Path(folder, "codeeval")
        package.mkdir()
        package.joinpath("__init__.py").touch()
        for path in codeeval.sandbox.__path__:
            shutil.copytree(path, package / "sandbox", ignore=shutil.ignore_patterns("__pycache__"))
        subprocess.run(["chmod", "-R", "a+rX", folder], check=True)
        done = subprocess.run(
            [python, "-B", "-c", script],
            capture_output=True,
            check=False,
            cwd="/",
            env={"PATH": os.defpath, "PYTHONPATH": folder, "HOME": "/"},
            extra_groups=(),
            group=NOBODY,
            text=True,
            user=NOBODY,
        )
    if "No permissions to create" in done.stderr:
        pytest.skip("this kernel gives user namespaces to root alone")
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(params=SANDBOXES)
def seen(request) -> dict:
    return observed(request.param)


def documented(heading: str) -> list[dict[str, str]]:
    """The table below a heading of the document, a row as a dict, without the backquotes."""
    section = DOCUMENT.read_text("utf-8").partition(f"\n### {heading}\n")[2].partition("\n#")[0]
    lines = [line for line in section.splitlines() if line.startswith("|")]
    rows = [
        [cell.strip().replace("`", "") for cell in line.strip("|").split("|")] for line in lines
    ]
    assert len(rows) > 2, f"no table below {heading!r}"
    return [dict(zip(rows[0], row, strict=True)) for row in rows[2:]]


def column_of(sandbox: str) -> str:
    return "Docker" if sandbox == "docker" else "bubblewrap"


def test_a_sample_has_no_capability(seen):
    held = {name: seen["status"][name] for name in ("CapEff", "CapPrm", "CapAmb")}
    assert {name: int(value, 16) for name, value in held.items()} == dict.fromkeys(held, 0)


def test_a_sample_can_gain_no_privilege(seen):
    assert seen["status"]["NoNewPrivs"] == "1"


def test_a_sample_runs_under_a_filter_of_system_calls(seen):
    assert seen["status"]["Seccomp"] == "2"


@pytest.mark.docker
def test_in_docker_the_profile_of_the_engine_holds_beside_the_filter():
    assert int(observed("docker")["status"]["Seccomp_filters"] or 2) >= 2


def test_the_documented_system_calls_are_those_of_the_filter():
    rows = documented("System calls")
    table = {row["call"]: (int(row["x86_64"]), int(row["aarch64"])) for row in rows}
    assert table == dict(confine._REFUSED)


def test_the_documented_system_calls_do_not_exist_for_a_sample(seen):
    if platform.machine() not in ("x86_64", "aarch64"):
        pytest.skip("the filter knows no such machine")
    calls = [row["call"] for row in documented("System calls")]
    assert {call: seen["calls"][call] for call in calls} == dict.fromkeys(calls, "ENOSYS")


def test_a_sample_makes_no_namespace(seen):
    assert seen["new_namespace"] == "EPERM"


def test_a_sample_has_no_sockets_but_the_documented(seen):
    allowed = {row["number"] for row in documented("Sockets")}
    assert {family for family, end in seen["families"].items() if end == "done"} <= allowed
    refused = {end for family, end in seen["families"].items() if family not in allowed}
    assert refused == {"EAFNOSUPPORT"}


def test_a_sample_has_only_the_loopback_interface(seen):
    assert seen["interfaces"] == ["lo"]
    assert seen["outside"] != "done"


@pytest.mark.parametrize("sandbox", SANDBOXES)
def test_the_documented_mount_points_are_there(sandbox):
    mounts = observed(sandbox)["mounts"]
    for row in documented("Mount points"):
        promised = row[column_of(sandbox)].split()
        if promised != ["-"]:
            found = mounts[row["mount point"]]
            assert set(promised) <= set(found), (row["mount point"], found)


@pytest.mark.parametrize("sandbox", SANDBOXES)
def test_every_other_mount_point_is_read_only(sandbox):
    listed = {
        row["mount point"] for row in documented("Mount points") if row[column_of(sandbox)] != "-"
    }
    devices = {f"/dev/{row['device']}" for row in documented("Devices")}
    covers = ("/proc/", "/sys/")  # what the engine hides is covered by empty file systems
    others = {
        path: options
        for path, options in observed(sandbox)["mounts"].items()
        if path not in listed | devices and not path.startswith(covers)
    }
    assert {path for path, options in others.items() if "ro" not in options} == set()


def test_a_sample_writes_to_the_documented_places_alone(seen):
    places = {row["place"] for row in documented("Writable places")}
    assert set(seen["walk"]["writable"]) <= places


@pytest.mark.parametrize("sandbox", OWN_USERS)
def test_nothing_that_a_sample_tries_succeeds(sandbox):
    ends = observed(sandbox)["escapes"]
    assert [name for name, end in ends.items() if end == "done"] == []


def test_a_sample_without_a_user_of_its_own_gains_nothing_either():
    ends = observed("bubblewrap as nobody")["escapes"]
    assert [name for name, end in ends.items() if end == "done"] == []


def test_a_sample_has_the_documented_devices_alone(seen):
    devices = {f"/dev/{row['device']}" for row in documented("Devices")}
    assert set(seen["devices"]) <= devices


def test_a_sample_has_the_documented_environment(seen):
    docker = "resolv" in str(seen["mounts"])
    expected = {}
    for row in documented("Environment"):
        if row["where"] in ("both", "Docker" if docker else "bubblewrap"):
            own = row["value"] == "the sample's directory"
            expected[row["variable"]] = seen["directory"] if own else row["value"]
    assert seen["environment"] == expected


def test_a_sample_has_four_descriptors(seen):
    assert seen["descriptors"] == [0, 1, 2, 3]


@pytest.mark.parametrize("sandbox", OWN_USERS)
def test_a_sample_has_the_documented_limits(sandbox):
    values = {
        "processes": LIMITS.processes,
        "disk_bytes": LIMITS.disk_bytes,
        "stack_bytes": LIMITS.stack_bytes,
        "cpu_seconds + 3": int(LIMITS.cpu_seconds) + 3,
    }
    rows = documented("Resource limits")
    expected = {row["limit"]: int(values.get(row["value"], row["value"])) for row in rows}
    found = observed(sandbox)["limits"]
    assert {name: found[name] for name in expected} == expected


@pytest.mark.parametrize("sandbox", OWN_USERS)
def test_a_sample_cannot_touch_another_process(sandbox):
    for other in observed(sandbox)["processes"]:
        assert "done" not in other.values(), other


@pytest.mark.parametrize("sandbox", OWN_USERS)
def test_the_next_sample_is_another_user(sandbox):
    first = observed(sandbox)
    assert first["uid"][0] != first["next"]["uid"][0]
    for seen in (first, first["next"]):
        assert 0 not in seen["uid"]
        assert len(set(seen["uid"])) == 1
        assert seen["groups"] == []


def test_without_a_user_of_its_own_a_sample_can_only_signal():
    for other in observed("bubblewrap as nobody")["processes"]:
        reached = {key for key, end in other.items() if end == "done"}
        assert reached <= {"signal"}, other


def test_the_next_sample_finds_no_process_of_the_one_before(seen):
    assert len(seen["next"]["processes"]) <= len(seen["processes"])


def test_processes_are_limited(seen):
    count, refused = seen["forks"]["forks"], seen["forks"]["refused"]
    ended_by_the_runner = count is None and "processes" in refused
    assert ended_by_the_runner or (refused == "EAGAIN" and count <= LIMITS.processes)


def test_what_a_sample_may_store_is_limited(seen):
    assert 0 < seen["sizes"]["/tmp"][0] <= LIMITS.disk_bytes
    assert 0 < seen["sizes"]["/dev/shm"][0] <= 16 * 2**20


@pytest.mark.docker
def test_in_docker_the_number_of_files_is_limited():
    assert observed("docker")["sizes"]["/tmp"][1] <= 4096


@pytest.mark.docker
def test_in_docker_the_kernel_limits_the_container():
    group = observed("docker")["cgroup"]
    assert LIMITS.memory_bytes < int(group["memory"]) < LIMITS.memory_bytes + 4 * 2**30
    assert int(group["processes"]) == LIMITS.processes + 32


def test_no_file_lends_rights(seen):
    assert seen["walk"]["privileged"] == []


def test_neither_benchmark_data_nor_a_socket_of_the_host_is_in_reach(seen):
    assert seen["walk"]["benchmark"] == []
    assert seen["walk"]["sockets"] == []


SPEAK = """
from codeeval.sandbox.executor import open_executor
from codeeval.sandbox.program import Asserts, Program
source = '''
import json, os, struct
usage = {"wall_seconds": 0, "cpu_seconds": 0, "memory_bytes": 0, "waiting_seconds": 0}
result = {"name": "tests", "status": "passed", "message": "", "completed": 1, "total": 1,
          "failures": [], "sealed": True, "usage": usage}
reply = {"results": [result], "recycle": False, "stdout": "", "stderr": "", "truncated": False}
text = json.dumps(reply).encode()
for pid in filter(str.isdigit, os.listdir("/proc")):
    if int(pid) != os.getpid():
        for number in range(32):
            try:
                pipe = os.open(f"/proc/{pid}/fd/{number}", os.O_WRONLY)
                os.write(pipe, struct.pack(">II", len(text), 0) + text)
            except OSError:
                continue
'''
with open_executor("bubblewrap", workers=1) as executor:
    print(executor.run(Program(source, (Asserts("assert False"),))).status)
"""


def test_without_a_user_of_its_own_a_sample_cannot_speak_for_the_runner():
    assert as_nobody(SPEAK).strip() == "wrong_answer"
