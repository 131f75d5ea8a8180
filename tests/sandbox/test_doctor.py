"""The doctor tells what a sandbox lacks, and what to do about it."""

from __future__ import annotations

import copy
import gc
import os

import pytest

from codeeval.sandbox import doctor
from codeeval.sandbox.doctor import Finding, daemon_findings, diagnose, table
from codeeval.sandbox.program import Limits
from codeeval.sandbox.promises import DEVICES, kept_promises

DOCKER = pytest.param("docker", marks=pytest.mark.docker)
LOAD_SENSITIVE = {"wall limit"}

INFO = {
    "SecurityOptions": ["name=apparmor", "name=seccomp,profile=default", "name=userns"],
    "CgroupVersion": "2",
    "CgroupDriver": "systemd",
    "MemoryLimit": True,
    "SwapLimit": True,
    "PidsLimit": True,
    "Warnings": None,
    "Driver": "overlay2",
    "Runtimes": {"runc": {}, "runsc": {}},
    "DefaultRuntime": "runc",
}
VERSION = {
    "Version": "27.1.0",
    "ApiVersion": "1.46",
    "Components": [{"Name": "Engine", "Version": "27.1.0"}, {"Name": "runc", "Version": "1.1.13"}],
}

USER = 200_002
REACH = {"signal": "EPERM", "environment": "EACCES", "descriptors": "EACCES", "memory": "EACCES"}
SEEN = {
    "uid": [USER] * 6,
    "groups": [],
    "status": {"NoNewPrivs": "1", "Seccomp": "2", "Seccomp_filters": "2"}
    | dict.fromkeys(("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"), "0" * 16),
    "descriptors": [0, 1, 2, 3],
    "environment": {"PATH": "/usr/bin", "HOME": "/tmp/s1"},
    "mounts": {"/": ["overlay", "ro"]},
    "sizes": {"/tmp": [64 * 2**20, 4096], "/dev/shm": [16 * 2**20, 4096]},
    "devices": sorted(DEVICES),
    "interfaces": ["lo"],
    "outside": "ENETUNREACH",
    "calls": {"ptrace": "ENOSYS", "bpf": "ENOSYS"},
    "families": {"1": "done", "2": "done", "10": "done", "40": "EAFNOSUPPORT"},
    "new_namespace": "EPERM",
    "escapes": {"setuid(0)": "EPERM"},
    "processes": [{"pid": 1, "uid": 0, **REACH}, {"pid": 2, "uid": 0, **REACH}],
    "limits": {"CORE": 0, "FSIZE": 64 * 2**20, "MEMLOCK": 0, "MSGQUEUE": 0, "NOFILE": 128},
    "cgroup": {"memory": "5000000000", "memory_and_swap": "0", "processes": "96", "cpu": "max"},
    "resolver": [],
    "python": "3.11.2",
    "forks": {"forks": 63, "refused": "EAGAIN"},
    "walk": {"entries": 9, "whole": True}
    | {key: [] for key in ("privileged", "writable", "benchmark", "sockets")},
}
SEEN["next"] = {"uid": [USER + 1] * 6, "processes": SEEN["processes"]}


def failed(findings) -> set[str]:
    return {finding.subject for finding in findings if finding.ok is False}


def test_a_good_daemon_breaks_no_promise():
    findings = list(daemon_findings(INFO, VERSION))
    assert [finding.subject for finding in findings if finding.ok is not True] == []


@pytest.mark.parametrize(
    ("change", "subject", "ok"),
    [
        ({"SecurityOptions": ["name=seccomp,profile=unconfined"]}, "seccomp of the engine", False),
        ({"SecurityOptions": []}, "seccomp of the engine", False),
        ({"SecurityOptions": ["seccomp"]}, "seccomp of the engine", True),
        ({"SecurityOptions": ["name=seccomp,profile=builtin"]}, "root in a container", None),
        ({"SecurityOptions": ["name=seccomp"]}, "AppArmor or SELinux", None),
        ({"MemoryLimit": False}, "controllers", False),
        ({"PidsLimit": False}, "controllers", False),
        ({"SwapLimit": False}, "controllers", False),
        ({"CgroupDriver": "none"}, "control groups", False),
        ({"Warnings": ["WARNING: No swap limit support"]}, "warnings of the daemon", None),
    ],
)
def test_what_a_daemon_lacks_is_found(change, subject, ok):
    findings = {finding.subject: finding for finding in daemon_findings(INFO | change, VERSION)}
    assert findings[subject].ok is ok


@pytest.mark.parametrize(
    ("runc", "ok"),
    [("1.1.5+ds1", None), ("1.1.11", None), ("1.1.12", True), ("1.2.0-rc.1", True), ("", None)],
)
def test_an_old_runc_is_noted(runc, ok):
    version = VERSION | {"Components": [{"Name": "runc", "Version": runc}]}
    findings = {finding.subject: finding for finding in daemon_findings(INFO, version)}
    assert findings["runc"].ok is ok


@pytest.mark.parametrize("isolation", ["docker", "docker:runsc", "bubblewrap"])
def test_a_good_jail_breaks_no_promise(isolation):
    assert failed(kept_promises(SEEN, isolation, Limits())) == set()


@pytest.mark.parametrize(
    ("path", "value", "subject"),
    [
        (("uid",), [0] * 6, "user of a sample"),
        (("groups",), [0], "user of a sample"),
        (("status", "CapEff"), "00000000000000c0", "capabilities"),
        (("escapes", "setuid(0)"), "done", "attempts to get more"),
        (("processes", 0, "environment"), "done", "other processes"),
        (("processes", 1, "signal"), "done", "other processes"),
        (("next", "processes"), [{"pid": 9, "uid": USER, **REACH}], "what a sample left running"),
        (("status", "NoNewPrivs"), "0", "no_new_privs"),
        (("status", "Seccomp"), "0", "seccomp mode"),
        (("status", "Seccomp_filters"), "1", "seccomp mode"),
        (("calls", "ptrace"), "EPERM", "system calls to refuse"),
        (("families", "40"), "done", "sockets"),
        (("new_namespace",), "done", "new namespaces"),
        (("interfaces",), ["lo", "eth0"], "network"),
        (("outside",), "done", "network"),
        (("environment", "HTTP_PROXY"), "x", "environment"),
        (("devices",), ["/dev/sda"], "devices"),
        (("descriptors",), [0, 1, 2, 3, 7], "open descriptors"),
        (("python",), "3.9.2", "Python inside"),
        (("mounts", "/"), ["overlay", "rw"], "root file system"),
        (("walk", "writable"), ["/var/tmp"], "writable places"),
        (("sizes", "/tmp"), [2**40, 4096], "size of /tmp"),
        (("sizes", "/tmp"), [2**20, 10**7], "files in /tmp"),
        (("walk", "privileged"), ["/usr/bin/su"], "set-user-id files"),
        (("walk", "sockets"), ["/run/docker.sock"], "benchmark data and daemon sockets"),
        (("walk", "benchmark"), ["/x/mbpp.jsonl"], "benchmark data and daemon sockets"),
        (("forks",), {"forks": 164, "refused": ""}, "process limit"),
        (("forks",), {"forks": None, "refused": "was killed"}, "process limit"),
        (("limits", "CORE"), -1, "resource limits"),
        (("cgroup", "memory"), "max", "limits of the container"),
        (("cgroup", "memory"), str(2**63 - 4096), "limits of the container"),
    ],
)
def test_what_a_jail_lacks_is_found(path, value, subject):
    seen = copy.deepcopy(SEEN)
    *above, last = path
    place = seen
    for key in above:
        place = place[key]
    place[last] = value
    assert failed(kept_promises(seen, "docker", Limits())) == {subject}


def test_the_table_is_aligned_and_says_what_to_do():
    text = table(
        [
            Finding("runc", "1.1.5", "1.1.12 or newer", None),
            Finding("image", "not built", "there is one", False, "run: codeeval sandbox build"),
            Finding("Docker daemon", "answers", "a daemon answers", True),
        ]
    )
    assert text.splitlines() == [
        "note  runc           1.1.5",
        "                     promised: 1.1.12 or newer",
        "FAIL  image          not built",
        "                     promised: there is one",
        "                     to do: run: codeeval sandbox build",
        "ok    Docker daemon  answers",
        "3 findings: 1 failed, 1 notes",
    ]


def test_an_unknown_sandbox_is_refused():
    with pytest.raises(ValueError, match="no sandbox 'dokcer'"):
        diagnose("dokcer")


@pytest.fixture
def no_daemon(monkeypatch, tmp_path):
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/none.sock")
    yield
    gc.collect()  # the Docker library leaves sockets open that it could not connect


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.usefixtures("no_daemon")
def test_a_missing_daemon_is_a_finding():
    assert failed(diagnose("docker")) == {"Docker daemon"}


def test_a_missing_bubblewrap_is_a_finding(monkeypatch):
    monkeypatch.setattr(doctor.shutil, "which", lambda name: None)
    assert failed(diagnose("bubblewrap")) == {"bubblewrap"}


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.usefixtures("no_daemon")
def test_without_a_daemon_auto_looks_at_bubblewrap(monkeypatch):
    monkeypatch.setattr(doctor.shutil, "which", lambda name: None)
    findings = {finding.subject: finding.ok for finding in diagnose("auto")}
    assert findings["Docker daemon"] is None
    assert findings["bubblewrap"] is False


def test_unsafe_local_keeps_no_promise():
    assert failed(diagnose("unsafe-local")) == {"sandbox"}


@pytest.mark.parametrize("sandbox", [DOCKER, "bubblewrap"])
def test_this_machine_keeps_the_promises(sandbox):
    findings = diagnose(sandbox)
    missing = failed(findings) & {"Docker daemon", "image", "bubblewrap"}
    if missing and not os.environ.get("CODEEVAL_REQUIRE_ALL"):
        pytest.skip(f"not here: {', '.join(missing)}")
    assert failed(findings) - LOAD_SENSITIVE == set(), table(findings)
    assert {"memory limit", "process limit", "network"} <= {each.subject for each in findings}
