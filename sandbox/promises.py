"""What is promised of a jail, and whether what probes saw inside keeps it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import chain
from typing import Any

from codeeval.sandbox.confine import FILES
from codeeval.sandbox.program import Limits

__all__ = ["DEVICES", "ENVIRONMENT_NAMES", "Finding", "kept_promises"]

DEVICES = frozenset(
    f"/dev/{name}" for name in ("full", "null", "pts/ptmx", "random", "tty", "urandom", "zero")
)
"""Devices that do no harm: they hold nothing and drive nothing."""
ENVIRONMENT_NAMES = frozenset(
    (
        *("HOME", "HOSTNAME", "LANG", "PATH", "PWD", "PYTHONDONTWRITEBYTECODE", "PYTHONHASHSEED"),
        *("MKL_NUM_THREADS", "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "TMPDIR", "TZ"),
    )
)
"""All variables that a sample gets."""
PLAIN_FAMILIES = ("1", "2", "10")
MOST_FILES = 65536


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at.

    Attributes:
        subject: What it is about.
        found: What there is.
        promise: What there should be.
        ok: Whether the promise is kept; None for a remark, which breaks no promise of this sandbox.
        remedy: What to do if it is not.
    """

    subject: str
    found: str
    promise: str
    ok: bool | None
    remedy: str = ""


def kept_promises(seen: Mapping[str, Any], isolation: str, limits: Limits) -> Iterator[Finding]:
    """Judge what `doctor.observe` saw.

    Args:
        seen: What it returned.
        isolation: The kind of jail: ``docker``, ``docker:runsc``, ``bubblewrap`` or ``none``.
        limits: The limits that the probes ran under.
    """
    docker = isolation.startswith("docker")
    findings = chain(
        _identity(seen, own_users=docker or seen["uid"] != seen["next"]["uid"]),
        _kernel(seen, docker=docker),
        _surroundings(seen),
        _file_system(seen, limits, docker=docker),
        _quantities(seen, limits, docker=docker),
    )
    for finding in findings:
        known = _GVISOR.get(finding.subject)
        if isolation == "docker:runsc" and known and re.fullmatch(known[0], finding.found):
            yield replace(finding, ok=None, remedy=f"nothing: {known[1]}")
        else:
            yield finding


_GVISOR = {
    "attempts to get more": (
        "that succeed: mknod of a disk",
        "such a node leads to a device of gVisor's own, which has no disk",
    ),
    "other processes": (
        r"a sample reaches ((environment|descriptors) of process \d+(, |$))+",
        "all can list these; the environment is the same in every jail, and the files are closed",
    ),
    "devices": ("also /dev/fuse, /dev/net/tun", "they are gVisor's own, without effect outside"),
    "files in /tmp": ("at most 0", "gVisor does not count them; its memory is what bounds them"),
    "resource limits": ("too high: MSGQUEUE", "gVisor has no such queues that a sample can make"),
    "limits of the container": (
        "memory max bytes, processes max, .*",
        "with --ignore-cgroups the runner's looks alone limit memory; gVisor limits processes",
    ),
}
"""What differs under gVisor and breaks nothing: how it is found, and why it is harmless."""


def _identity(seen: Mapping[str, Any], *, own_users: bool) -> Iterator[Finding]:
    ids, later = seen["uid"], seen["next"]["uid"]
    yield Finding(
        "user of a sample",
        f"{ids[0]}, of the next one {later[0]}" + (", with groups" if seen["groups"] else ""),
        "never root, and another one for each sample",
        False if 0 in ids or seen["groups"] else (True if ids[0] != later[0] else None),
        "only Docker, or bubblewrap as root, gives each sample a user of its own",
    )
    status = seen["status"]
    held = {key: status[key] for key in ("CapEff", "CapPrm", "CapAmb")}
    yield Finding(
        "capabilities",
        ", ".join(f"{key} {value}" for key, value in held.items()),
        "none",
        not any(int(value or "0", 16) for value in held.values()),
        "report this: a sample holds rights of root",
    )
    gained = {name: end for name, end in seen["escapes"].items() if end == "done"}
    yield Finding(
        "attempts to get more",
        f"that succeed: {', '.join(gained)}" if gained else f"{len(seen['escapes'])} all refused",
        "no change of user, no new device, no file outside its own places, no higher limit",
        not gained,
        "use Docker; report this if it is Docker",
    )
    reach = [
        f"{key} of process {other['pid']}"
        for other in seen["processes"]
        for key in ("signal", "environment", "descriptors", "memory")
        if other[key] == "done"
    ]
    yield Finding(
        "other processes",
        f"a sample reaches {', '.join(reach)}" if reach else "cannot be signalled or read",
        "no signal to, no environment, descriptors or memory of init and runner",
        not any("signal" not in text for text in reach) and not (own_users and reach),
        "use Docker, or bubblewrap as root",
    )
    strangers = [
        other
        for other in seen["next"]["processes"]
        if other["pid"] > 2 and other["uid"] not in (0, later[0])
    ]
    extra = len(seen["next"]["processes"]) - len(seen["processes"])
    yield Finding(
        "what a sample left running",
        "is gone" if not strangers and extra <= 0 else f"{max(extra, len(strangers))} processes",
        "nothing, when the next one starts",
        not strangers and extra <= 0,
        "report this: the runner's clean-up failed",
    )


def _kernel(seen: Mapping[str, Any], *, docker: bool) -> Iterator[Finding]:
    status = seen["status"]
    yield Finding(
        "no_new_privs",
        status["NoNewPrivs"] or "unknown",
        "1: set-user-id files lend nothing",
        status["NoNewPrivs"] == "1",
    )
    filters = int(status["Seccomp_filters"] or 0)
    yield Finding(
        "seccomp mode",
        f"{status['Seccomp']}, filters: {status['Seccomp_filters'] or 'not counted'}",
        "2, with the engine's profile and the filter of samples" if docker else "2",
        status["Seccomp"] == "2" and not (docker and filters == 1),
        "the engine runs containers unconfined: see its seccomp profile",
    )
    allowed = [name for name, end in seen["calls"].items() if end != "ENOSYS"]
    yield Finding(
        "system calls to refuse",
        f"not refused: {', '.join(allowed)}" if allowed else f"{len(seen['calls'])}, all ENOSYS",
        "each of docs/sandbox.md gives ENOSYS",
        not allowed,
        "report this, with the machine's architecture",
    )
    odd = [
        name
        for name, end in seen["families"].items()
        if (end == "done" if name not in PLAIN_FAMILIES else end == "EAFNOSUPPORT")
    ]
    yield Finding(
        "sockets",
        f"wrong for families {', '.join(odd)}" if odd else "unix, inet and inet6 alone",
        "other families give EAFNOSUPPORT",
        not odd,
    )
    yield Finding(
        "new namespaces",
        seen["new_namespace"],
        "clone with a new namespace gives EPERM",
        seen["new_namespace"] == "EPERM",
    )


def _surroundings(seen: Mapping[str, Any]) -> Iterator[Finding]:
    yield Finding(
        "network",
        f"{', '.join(seen['interfaces'])}; a way outside: {seen['outside']}",
        "lo alone, and no way outside",
        seen["interfaces"] == ["lo"] and seen["outside"] != "done",
        "use Docker or bubblewrap",
    )
    names = sorted(set(seen["environment"]) - ENVIRONMENT_NAMES)
    yield Finding(
        "environment",
        f"also {', '.join(names)}" if names else f"{len(seen['environment'])} known variables",
        "nothing of the host's",
        not names,
        "report this; an OCI hook or a proxy setting of the Docker client may have put it there",
    )
    extra = sorted(set(seen["devices"]) - DEVICES)
    yield Finding(
        "devices",
        f"also {', '.join(extra)}" if extra else f"{len(seen['devices'])} harmless ones",
        f"at most {', '.join(sorted(name.removeprefix('/dev/') for name in DEVICES))}",
        not extra,
        "report this",
    )
    yield Finding(
        "open descriptors",
        ", ".join(map(str, seen["descriptors"])),
        "0, 1, 2 and the channel, 3",
        seen["descriptors"] == [0, 1, 2, 3],
    )
    if seen["resolver"]:
        yield Finding(
            "name server of the host",
            "; ".join(seen["resolver"]),
            "not to be known inside; without a network it is of no use",
            None,
        )
    yield Finding("Python inside", seen["python"], "3.11 or newer", _at_least_3_11(seen["python"]))


def _at_least_3_11(version: str) -> bool:
    major, minor = version.split(".")[:2]
    return (int(major), int(minor)) >= (3, 11)


def _file_system(seen: Mapping[str, Any], limits: Limits, *, docker: bool) -> Iterator[Finding]:
    walk, mounts = seen["walk"], seen["mounts"]
    root = mounts.get("/", ["none"])
    yield Finding("root file system", f"{root[0]}, {root[1]}", "read-only", root[1] == "ro")
    elsewhere = [path for path in walk["writable"] if path not in ("/tmp", "/dev/shm")]
    yield Finding(
        "writable places",
        ", ".join(walk["writable"]) or "none",
        "/tmp and /dev/shm, which are swept, and no other",
        not elsewhere,
        "use Docker or bubblewrap as root",
    )
    for path, most in (("/tmp", limits.disk_bytes), ("/dev/shm", 16 * 2**20)):
        size, files = seen["sizes"][path] or (0, 0)
        yield Finding(
            f"size of {path}",
            f"{size / 2**20:g} MiB",
            f"at most {most / 2**20:g} MiB",
            0 < size <= most,
            "use Docker or bubblewrap",
        )
        yield Finding(
            f"files in {path}",
            f"at most {files}",
            f"at most {MOST_FILES}" if docker else "limited where the sandbox can (Docker, /tmp)",
            0 < files <= MOST_FILES if docker and path == "/tmp" else _remark(files <= MOST_FILES),
            "" if docker else "bubblewrap knows no such limit; use Docker",
        )
    privileged = walk["privileged"]
    yield Finding(
        "set-user-id files",
        ", ".join(privileged) or "none that would count",
        "none, or on file systems that ignore them",
        not privileged,
        "build the image anew: codeeval sandbox build",
    )
    yield Finding(
        "benchmark data and daemon sockets",
        ", ".join(walk["benchmark"] + walk["sockets"])
        or f"none among {walk['entries']} entries" + ("" if walk["whole"] else ", not all seen"),
        "none within reach of samples",
        not walk["benchmark"] and not walk["sockets"],
        "install codeeval and benchmark packages in a virtual environment, which bubblewrap does "
        "not show; the image holds none",
    )


def _remark(kept: bool) -> bool | None:
    return True if kept else None


def _quantities(seen: Mapping[str, Any], limits: Limits, *, docker: bool) -> Iterator[Finding]:
    count, refusal = seen["forks"]["forks"], seen["forks"]["refused"]
    ended = count is None and "processes" in refusal
    yield Finding(
        "process limit",
        f"{count} forks, then {refusal or 'no refusal'}" if count is not None else refusal,
        f"at most {limits.processes} processes",
        ended or (refusal == "EAGAIN" and count <= limits.processes),
        "use Docker, or bubblewrap as root; without root it takes Linux 5.14",
    )
    wanted = {"CORE": 0, "FSIZE": limits.disk_bytes, "MEMLOCK": 0, "MSGQUEUE": 0, "NOFILE": FILES}
    wrong = [name for name, most in wanted.items() if not 0 <= seen["limits"][name] <= most]
    yield Finding(
        "resource limits",
        f"too high: {', '.join(wrong)}" if wrong else ", ".join(sorted(wanted)).lower(),
        "hard limits of core files, file size, locked memory, message queues, open files",
        not wrong,
    )
    if docker:
        group = seen["cgroup"]
        memory, processes = group.get("memory", "max"), group.get("processes", "max")
        held = memory.isdigit() and int(memory) < 2**40 and processes.isdigit()
        yield Finding(
            "limits of the container",
            f"memory {memory} bytes, processes {processes}, CPU quota {group.get('cpu', 'unread')}",
            "the kernel limits memory and processes of the whole container",
            held,
            "enable the controllers memory and pids",
        )
        swap = group.get("memory_and_swap", "")
        yield Finding(
            "swap",
            f"{swap or 'not accounted'}",
            "0 (cgroup v2), or no more than memory (v1)",
            True if swap and swap in ("0", memory) else None,
            "enable swap accounting (swapaccount=1), or turn swap off",
        )
    else:
        yield Finding(
            "limits of the jail",
            "no control group: memory is watched by the runner alone",
            "a remark: a very fast program may exceed its memory before it is seen",
            None,
        )
