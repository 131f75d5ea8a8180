"""What this machine's sandbox really gives: by asking the daemon, and by trying inside of it."""

from __future__ import annotations

import json
import os
import platform
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from importlib import resources
from pathlib import Path
from typing import Any

from codeeval.sandbox import probe
from codeeval.sandbox.codec import encode, pack
from codeeval.sandbox.confine import _REFUSED
from codeeval.sandbox.errors import SandboxError, SandboxUnavailable
from codeeval.sandbox.executor import SANDBOXES, Executor, open_executor
from codeeval.sandbox.program import CLOCKS, Asserts, Blob, Level, Limits, Outputs, Program
from codeeval.sandbox.promises import Finding, kept_promises
from codeeval.sandbox.verdict import Status, Verdict

__all__ = ["Finding", "diagnose", "observe", "table"]

RUNC = (1, 1, 12)
LIMITS = Limits()
SLACK_SECONDS = 1.0
PROBE_MEMORY = 256 * 2**20
PROBE_WALL_SECONDS = 0.5


def diagnose(sandbox: str = "auto", runtime: str | None = None) -> list[Finding]:
    """Look at the sandbox of this machine from outside and from inside.

    A missing daemon, a missing image or a sandbox that breaks is a finding, not an exception.

    Args:
        sandbox: One of ``executor.SANDBOXES``. ``auto`` takes what ``open_executor`` would take.
        runtime: For Docker: an OCI runtime such as ``runsc``.

    Raises:
        ValueError: If there is no such sandbox.
    """
    if sandbox not in SANDBOXES:
        raise ValueError(f"no sandbox {sandbox!r}; known: {', '.join(SANDBOXES)}")
    findings = list(_host())
    if sandbox in ("auto", "docker"):
        docker = list(_daemon())
        if sandbox == "docker" or docker[0].ok:
            sandbox = "docker"
            findings += docker
        else:  # bubblewrap stands in, so this alone breaks no promise
            sandbox = "bubblewrap"
            findings.append(replace(docker[0], ok=None))
    if sandbox == "bubblewrap":
        findings += _bubblewrap()
    if sandbox == "unsafe-local":
        return [*findings, NO_SANDBOX]
    if any(finding.ok is False and finding.subject in _NEEDED for finding in findings):
        return findings
    try:
        with open_executor(sandbox, workers=1, limits=LIMITS, runtime=runtime) as executor:
            observed = observe(executor)
            findings += kept_promises(observed, executor.isolation, LIMITS)
            findings += _limits(executor)
            findings += _clocks(executor)
    except SandboxError as error:
        remedy = "see the message; then run the doctor again"
        findings.append(Finding("sandbox", str(error), "programs run", False, remedy))
    return findings


NO_SANDBOX = Finding(
    "sandbox",
    "none: programs run as the harness itself, and may do all that it may do",
    "harm is kept away",
    False,
    "use Docker or bubblewrap for code that you do not trust",
)
_NEEDED = ("Docker daemon", "image", "bubblewrap")


def table(findings: list[Finding]) -> str:
    """Return the findings as plain text, one line each, with what to do below those that fail."""
    marks = {True: "ok", False: "FAIL", None: "note"}
    width = max((len(finding.subject) for finding in findings), default=0)
    lines = []
    for finding in findings:
        lines.append(f"{marks[finding.ok]:4}  {finding.subject:{width}}  {finding.found}")
        if finding.ok is not True:
            indent = " " * (width + 8)
            lines.append(f"{indent}promised: {finding.promise}")
            if finding.remedy:
                lines.append(f"{indent}to do: {finding.remedy}")
    failed = sum(finding.ok is False for finding in findings)
    noted = sum(finding.ok is None for finding in findings)
    lines.append(f"{len(findings)} findings: {failed} failed, {noted} notes")
    return "\n".join(lines)


def observe(executor: Executor) -> dict[str, Any]:
    """Return what two samples, one after the other, see and can do in a jail.

    Returns:
        The result of ``probe.facts``; under ``next`` that of the second sample, under ``walk`` that
        of ``probe.walk``, under ``forks`` that of ``probe.forks``, whose children were left behind
        for the second sample to see.

    Raises:
        SandboxError: If a probe does not run to its end.
    """
    column = 0 if platform.machine() == "x86_64" else 1
    calls = {name: numbers[column] for name, numbers in _REFUSED.items()}
    look = f"say(facts({calls!r}, {probe.FAMILIES!r}))"
    own = str(Path(sys.modules["codeeval"].__path__[0]))
    first = _run_probe(executor, look)
    forks = _run_forks(executor)
    second = _run_probe(executor, look)
    walked = _run_probe(executor, f"say(walk({own!r}))")
    return {**first, "next": second, "forks": forks, "walk": walked}


def _run_probe(executor: Executor, line: str) -> dict[str, Any]:
    verdict = executor.run(_probe(line, LIMITS))
    if verdict.status is not Status.PASSED:
        raise SandboxError(f"a probe ended with {verdict.status}: {verdict.message}")
    found: dict[str, Any] = json.loads(verdict.stdout)
    return found


def _run_forks(executor: Executor) -> dict[str, Any]:
    """Fork without end; the kernel refuses, or the runner ends the sample."""
    verdict = executor.run(_probe(f"say(forks({LIMITS.processes + 100}))", LIMITS))
    if verdict.status is Status.PASSED:
        found: dict[str, Any] = json.loads(verdict.stdout)
        return found
    return {"forks": None, "refused": verdict.message}


def _probe(line: str, limits: Limits) -> Program:
    text = (resources.files("codeeval.sandbox") / "probe.py").read_text("utf-8")
    return Program(f"{text}\n{line}\n", (Asserts("pass"),), limits)


def _limits(executor: Executor) -> Iterator[Finding]:
    """Run into limits."""
    verdict = executor.run(
        _probe(f"grow({2 * PROBE_MEMORY})", replace(LIMITS, memory_bytes=PROBE_MEMORY))
    )
    yield Finding(
        "memory limit",
        f"{_mib(2 * PROBE_MEMORY)} under a limit of {_mib(PROBE_MEMORY)}: {verdict.status}",
        "a program above its limit is killed, and its status is memory_limit",
        verdict.status is Status.MEMORY_LIMIT,
        "report this: the runner's watch over memory failed",
    )
    limits = replace(LIMITS, wall_seconds=PROBE_WALL_SECONDS)
    verdict = executor.run(_probe("sleep()", limits))
    seconds = verdict.usage.wall_seconds - verdict.usage.waiting_seconds
    yield Finding(
        "wall limit",
        f"a sleep with {PROBE_WALL_SECONDS:g} s: {verdict.status} after {seconds:.2f} s",
        f"the status is timeout, at most {SLACK_SECONDS:g} s after the limit",
        verdict.status is Status.TIMEOUT and seconds < PROBE_WALL_SECONDS + SLACK_SECONDS,
        "lower the load of the machine, or the number of workers",
    )
    yield _still_works(executor)


def _clocks(executor: Executor) -> Iterator[Finding]:
    """Time a call by each clock; that one is missing breaks no promise."""
    inputs = Blob(pack([encode(())]))
    for clock in CLOCKS:
        calls = Outputs("f", inputs, clock=clock, levels=(Level(1, 1.0),))
        try:
            executor.truth(Program("def f():\n    pass\n", (calls,), LIMITS))
        except SandboxUnavailable as error:
            remedy = "measure by another clock, or install what is missing"
            promise = "calls can be measured by it"
            yield Finding(f"clock {clock}", str(error), promise, None, remedy)
        else:
            yield Finding(
                f"clock {clock}", "a call was measured", "calls can be measured by it", True
            )


def _still_works(executor: Executor) -> Finding:
    verdict: Verdict = executor.run(Program("", (Asserts("pass"),), LIMITS))
    found = f"the next program: {verdict.status}"
    promise = "a program that reached a limit does not disturb the next one"
    return Finding("after limits", found, promise, verdict.status is Status.PASSED)


def _mib(size: int) -> str:
    return f"{size / 2**20:g} MiB"


def _host() -> Iterator[Finding]:
    """Describe kernel and processor."""
    filtered = platform.machine() in ("x86_64", "aarch64")
    yield Finding(
        "machine",
        f"Linux {platform.release()}, {platform.machine()}, {os.cpu_count()} cores, "
        f"load {os.getloadavg()[0]:.1f}",
        "x86_64 or aarch64: the system call filter knows no other",
        filtered,
        "use a machine of these, or an OCI runtime with a kernel of its own",
    )


def _daemon() -> Iterator[Finding]:
    """Ask the Docker daemon; the first finding says whether one answers."""
    from codeeval.sandbox.docker import connect
    from codeeval.sandbox.image import find_image, image_tag

    try:
        client = connect()
    except SandboxError as error:
        remedy = "start the daemon (dockerd), or use --sandbox bubblewrap"
        yield Finding("Docker daemon", str(error), "a daemon answers", False, remedy)
        return
    try:
        info, version = client.info(), client.version()
        image = find_image(client)
        yield from daemon_findings(info, version)
    except Exception as error:  # of requests or docker: whatever it is, the daemon does not serve
        found = f"{type(error).__name__}: {error}"
        yield Finding("Docker daemon", found, "it answers questions", False, "restart the daemon")
        return
    finally:
        client.close()
    yield Finding(
        "image",
        f"{image_tag()} is {image[:19] if image else 'not built'}",
        "the image of this version's Dockerfile",
        image is not None,
        "run: codeeval sandbox build",
    )


def daemon_findings(info: Mapping[str, Any], version: Mapping[str, Any]) -> Iterator[Finding]:
    """Judge what ``docker info`` and ``docker version`` say."""
    found = f"engine {version.get('Version')}, API {version.get('ApiVersion')}"
    yield Finding("Docker daemon", found, "a daemon answers", True)
    parts = {part["Name"]: part["Version"] for part in version.get("Components") or ()}
    runc = parts.get("runc", "")
    new_enough = _numbers(runc) >= RUNC
    yield Finding(
        "runc",
        runc or "not named",
        "1.1.12 or newer (older ones leak a directory of the host, CVE-2024-21626)",
        True if new_enough else None,
        "upgrade runc; a distribution may have mended its older version: see its changelog",
    )
    security = dict(_option(text) for text in info.get("SecurityOptions") or ())
    profile = security.get("seccomp", "none")
    yield Finding(
        "seccomp of the engine",
        f"profile {profile}",
        "a profile, under the filter of each sample",
        profile not in ("none", "unconfined"),
        "start dockerd without --seccomp-profile=unconfined, on a kernel with CONFIG_SECCOMP",
    )
    modules = [name for name in ("apparmor", "selinux") if name in security]
    yield Finding(
        "AppArmor or SELinux",
        ", ".join(modules) or "none",
        "one of them: a further wall",
        True if modules else None,
        "enable one in the host's kernel",
    )
    mapped = [name for name in ("userns", "rootless") if name in security]
    yield Finding(
        "root in a container",
        f"is a user without rights on the host ({mapped[0]})" if mapped else "is root of the host",
        "not root of the host",
        True if mapped else None,
        "run the daemon rootless or with userns-remap",
    )
    yield Finding(
        "control groups",
        f"version {info.get('CgroupVersion', '1')}, driver {info.get('CgroupDriver')}",
        "there are some",
        info.get("CgroupDriver") not in (None, "", "none"),
        "mount the control groups; rootless daemons need version 2 and systemd",
    )
    keys = {"MemoryLimit": "memory", "SwapLimit": "swap", "PidsLimit": "processes"}
    missing = [name for key, name in keys.items() if not info.get(key)]
    yield Finding(
        "controllers",
        f"no limit for {', '.join(missing)}" if missing else "memory, swap, processes",
        "memory, swap and processes of a container can be limited",
        not missing,
        "enable the controllers (kernel parameters cgroup_enable=memory swapaccount=1)",
    )
    warnings = [text.removeprefix("WARNING: ") for text in info.get("Warnings") or ()]
    if warnings:
        yield Finding("warnings of the daemon", "; ".join(warnings), "none", None)
    runtimes = ", ".join(sorted(info.get("Runtimes") or ()))
    storage = f"{info.get('Driver')}; runtimes: {runtimes}; default {info.get('DefaultRuntime')}"
    yield Finding("storage and runtimes", storage, "", True)


def _option(text: str) -> tuple[str, str]:
    """Split ``name=seccomp,profile=default``, which older engines write otherwise."""
    fields = dict(part.partition("=")[::2] for part in text.split(","))
    name = fields.get("name") or text.partition(":")[0]
    return name, fields.get("profile", "default")


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in re.findall(r"\d+", version)[:3])


def _bubblewrap() -> Iterator[Finding]:
    """Describe the command and who may make namespaces."""
    command = shutil.which("bwrap")
    if command is None:
        remedy = "install the package bubblewrap"
        yield Finding("bubblewrap", "no command bwrap", "it is installed", False, remedy)
        return
    said = _output([command, "--version"])
    yield Finding("bubblewrap", said or "does not run", "it is installed", bool(said))
    root = os.geteuid() == 0
    yield Finding(
        "user of the harness",
        "root: each sample gets a user id of its own" if root else "not root: samples share its id",
        "a user id for each sample",
        True if root else None,
        "run as root, or use Docker",
    )
    user = {"user": 65534, "group": 65534, "extra_groups": ()} if root else {}
    trial = [command, "--unshare-user", "--ro-bind", "/", "/", "/bin/echo", "yes"]
    works = _output(trial, **user) == "yes"
    yield Finding(
        "unprivileged user namespaces",
        "exist" if works else "cannot be made",
        "needed by all but root",
        True if works else (None if root else False),
        "allow them (sysctl user.max_user_namespaces, kernel.unprivileged_userns_clone, "
        "kernel.apparmor_restrict_unprivileged_userns), or run as root",
    )


def _output(command: list[str], **options: Any) -> str:
    """Return what a command prints; nothing if it fails."""
    run: Callable[..., Any] = subprocess.run
    try:
        done = run(command, capture_output=True, text=True, timeout=30, cwd="/", **options)
    except (OSError, subprocess.SubprocessError):
        return ""
    return str(done.stdout).strip() if done.returncode == 0 else ""
