"""What happens when a jail, its daemon, or whoever uses them dies."""

from __future__ import annotations

import contextlib
import gc
import os
import re
import shutil
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import pytest
from docker.errors import APIError

from codeeval.sandbox import image as images
from codeeval.sandbox.bundle import BOOT, RUNNER_MODULES
from codeeval.sandbox.confine import Confinement, user_range
from codeeval.sandbox.docker import LABEL, connect, container_options
from codeeval.sandbox.errors import ImageMissing, SandboxUnavailable
from codeeval.sandbox.executor import open_executor
from codeeval.sandbox.jail import JailDied
from codeeval.sandbox.local import first_user
from codeeval.sandbox.program import Limits
from codeeval.sandbox.verdict import Status
from tests.daemons import Daemon, private_daemon
from tests.sandbox.conftest import DOCKER, UNSAFE
from tests.sandbox.programs import LIMITS, assert_next_is_right, eventually, with_tests
from tests.sandbox.test_checks import calls


@pytest.fixture
def daemon():
    """A client of the Docker daemon."""
    try:
        client = connect()
    except SandboxUnavailable as error:
        if os.environ.get("CODEEVAL_REQUIRE_ALL"):
            raise
        pytest.skip(str(error))
    yield client
    client.close()


def containers_of(client, pid: int) -> list:
    return client.containers.list(
        all=True, filters={"label": f"{LABEL}={pid}"}, ignore_removed=True
    )


def slow(number: int):
    return with_tests(f"import time\ntime.sleep(0.1)\nprint({number})")


def killed_in_mid_run(executor, kill) -> None:
    """Check that programs are judged once each, whatever ``kill`` kills in the middle."""
    seen = []
    for verdict in executor.run_many(slow(n) for n in range(40)):
        assert verdict.status is Status.PASSED, verdict
        seen.append(int(verdict.stdout))
        if len(seen) in (5, 15):
            kill()
    assert seen == list(range(40))
    assert_next_is_right(executor)


@pytest.mark.docker
def test_a_container_that_is_killed_loses_no_program(own_executor, daemon):
    others = {container.id for container in containers_of(daemon, os.getpid())}
    executor = own_executor("docker", workers=2)
    executor.run(slow(0))

    def kill() -> None:
        found = [c for c in containers_of(daemon, os.getpid()) if c.id not in others]
        assert found
        for container in found:
            with contextlib.suppress(APIError):  # it may be gone just now
                container.kill()

    killed_in_mid_run(executor, kill)


@pytest.mark.parametrize("sandbox", [UNSAFE, "bubblewrap"])
def test_a_jail_that_is_killed_loses_no_program(own_executor, sandbox):
    executor = own_executor(sandbox, workers=2)

    def kill() -> None:
        for jail in list(executor._open):
            os.kill(jail._stream.pid, signal.SIGKILL)

    killed_in_mid_run(executor, kill)


@pytest.mark.parametrize("sandbox", ["bubblewrap", DOCKER])
def test_a_grader_that_is_killed_is_no_verdict(own_executor, sandbox):
    """It was killed from outside, for the candidate cannot: the program is judged again."""
    executor = own_executor(sandbox)
    executor.run(slow(0))
    (runner,) = find_runners(executor)
    future = executor.submit(calls("import time\ntime.sleep(1)\ndef f(x): return x + 1"))
    assert eventually(lambda: len(children(runner)) == 2)
    grader = max(children(runner))
    os.kill(grader, signal.SIGKILL)
    assert future.result(60).status is Status.PASSED
    assert find_runners(executor) != [runner]


@pytest.mark.parametrize("sandbox", ["bubblewrap", DOCKER])
def test_samples_and_nothing_else_are_killed_first_when_memory_runs_out(own_executor, sandbox):
    executor = own_executor(sandbox)
    program = with_tests("print(open('/proc/self/oom_score_adj').read())")
    assert executor.run(program).stdout.strip() == "1000"
    (runner,) = find_runners(executor)
    for pid in (runner, *children(runner)):
        assert Path(f"/proc/{pid}/oom_score_adj").read_text().strip() != "1000"


def children(pid: int) -> list[int]:
    return [int(c) for c in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def find_runners(executor) -> list[int]:
    """Return the ids, as this machine sees them, of the runners of an executor."""
    roots = []
    for jail in executor._open:
        if hasattr(jail._stream, "pid"):
            roots.append(jail._stream.pid)
        else:
            container = executor._jails._client.containers.get(jail._stream.id)
            roots.append(container.attrs["State"]["Pid"])
    found = []
    while roots:
        pid = roots.pop()
        command = Path(f"/proc/{pid}/cmdline").read_bytes()
        below = children(pid)
        if command.split(b"\0")[0].rpartition(b"/")[2].startswith(b"python"):
            found.append(pid)
        else:
            roots.extend(below)
    return found


class BadLuck:
    """A backend whose jails die of programs that hold a certain word."""

    isolation = "none"

    def __init__(self, jails):
        self.jails = jails

    def close(self):
        self.jails.close()

    def image_of(self, image):
        return ""

    def start(self, image):
        jail = self.jails.start(image)
        send, receive, sent = jail.send, jail.receive, []

        def note(data: bytes) -> None:
            sent.append(data)
            send(data)

        def receive_or_die(seconds: float):
            if b"unlucky" in sent.pop(0):
                raise JailDied("bad luck")
            return receive(seconds)

        jail.send, jail.receive = note, receive_or_die
        return jail


def test_only_the_program_that_kills_three_jails_is_given_up(own_executor):
    executor = own_executor(UNSAFE)
    executor._jails = BadLuck(executor._jails)
    programs = [slow(n) if n != 3 else with_tests("unlucky = 1") for n in range(7)]
    verdicts = list(executor.run_many(programs))
    expected = ["passed"] * 3 + ["infrastructure_error"] + ["passed"] * 3
    assert [str(verdict.status) for verdict in verdicts] == expected
    assert "bad luck" in verdicts[3].message


DRIVER = """
    import signal
    from codeeval.sandbox.executor import open_executor
    from codeeval.sandbox.program import Asserts, Limits, Program
    if __name__ == "__main__":
        signal.signal(signal.SIGINT, signal.default_int_handler)  # whatever the shell has set
        with open_executor("docker", workers=2, limits=Limits(memory_bytes=2**29)) as executor:
            limits = Limits(memory_bytes=2**29, wall_seconds=500)
            executor.run(Program("", (Asserts(""),), limits))
            print("ready", flush=True)
            source = "import time; time.sleep(400)"
            list(executor.run_many(Program(source, (Asserts(""),), limits) for _ in range(4)))
"""


@pytest.mark.docker
@pytest.mark.parametrize("sent", [signal.SIGKILL, signal.SIGINT])
def test_a_driver_that_is_killed_leaves_no_container(daemon, tmp_path, sent):
    file = tmp_path / "driver.py"
    file.write_text(textwrap.dedent(DRIVER))
    with subprocess.Popen([sys.executable, file], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        assert process.stdout.readline() == "ready\n"
        assert eventually(lambda: len(containers_of(daemon, process.pid)) == 2)
        process.send_signal(sent)
        process.wait(60)
    assert eventually(lambda: not containers_of(daemon, process.pid), 60)


# A connection that is refused leaves docker-py's socket to the garbage collector.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.docker
@pytest.mark.slow
@pytest.mark.parametrize("end", [Daemon.stop, Daemon.kill])
@pytest.mark.usefixtures("daemon")
def test_a_daemon_that_is_restarted_loses_no_program(own_executor, monkeypatch, end):
    with private_daemon(monkeypatch) as own:
        executor, restarts = own_executor("docker"), 0

        def restart() -> None:
            nonlocal restarts
            restarts += 1
            if restarts == 1:
                end(own)
                own.start()

        killed_in_mid_run(executor, restart)
        executor.close()
        with contextlib.closing(connect()) as client:
            assert eventually(lambda: not containers_of(client, os.getpid()))
        gc.collect()
    monkeypatch.undo()


@pytest.mark.docker
def test_the_containers_are_hardened(own_executor, daemon):
    executor = own_executor("docker")
    executor.run(slow(0))
    (stream,) = [jail._stream for jail in executor._open]
    attributes = daemon.api.inspect_container(stream.id)
    host = attributes["HostConfig"]
    options = container_options(LIMITS)
    assert host["NetworkMode"] == options["network_mode"] == "none"
    assert host["ReadonlyRootfs"]
    assert host["CapDrop"] == ["ALL"]
    assert sorted(capability.removeprefix("CAP_") for capability in host["CapAdd"]) == [
        "SETGID",
        "SETUID",
    ]
    assert "no-new-privileges" in host["SecurityOpt"]
    assert not any("unconfined" in option for option in host["SecurityOpt"])
    assert host["Memory"] == host["MemorySwap"] == options["mem_limit"]
    assert 0 < host["PidsLimit"] == options["pids_limit"] < 200
    assert host["Tmpfs"] == options["tmpfs"]
    assert host["IpcMode"] == "private"
    assert host["Init"] is False  # the runner collects orphans itself
    assert attributes["Config"]["StopSignal"] == "SIGKILL"
    assert host["AutoRemove"]
    assert host["LogConfig"]["Type"] == "none"
    assert not host["Privileged"]
    assert not host["Binds"]
    assert not host["Devices"]
    assert not attributes["Mounts"]
    assert host["PidMode"] != "host"
    assert host["UsernsMode"] != "host"
    assert not host["PublishAllPorts"]
    assert not host["PortBindings"]


def test_the_options_grow_with_the_limits():
    small, large = container_options(Limits(memory_bytes=2**28)), container_options(Limits())
    assert large["mem_limit"] - small["mem_limit"] == 4 * 2**30 - 2**28


def test_without_a_daemon_the_error_says_what_to_do(monkeypatch):
    monkeypatch.setenv("DOCKER_HOST", "unix:///nonexistent")
    with pytest.raises(
        SandboxUnavailable, match=r"no Docker daemon answers at unix:///nonex.*start"
    ):
        open_executor("docker")


@pytest.mark.docker
def test_without_the_image_the_error_says_what_to_do(daemon, monkeypatch):
    monkeypatch.setattr("codeeval.sandbox.docker.find_image", lambda *_: None)
    with pytest.raises(ImageMissing, match="run: codeeval sandbox build"):
        open_executor("docker")


def test_auto_takes_what_is_there(monkeypatch):
    if shutil.which("bwrap") is None:
        pytest.skip("bubblewrap is not installed")
    monkeypatch.setenv("DOCKER_HOST", "unix:///nonexistent")
    with open_executor("auto", workers=1, limits=LIMITS) as executor:
        assert executor.isolation == "bubblewrap"
    monkeypatch.setenv("PATH", "/nonexistent")
    with pytest.raises(
        SandboxUnavailable, match=r"no Docker daemon .* bubblewrap is not installed"
    ):
        open_executor("auto")


def test_a_jail_that_does_not_start_is_an_error(own_executor, monkeypatch):
    class NoJails:
        isolation = "none"

        def image_of(self, image):
            return ""

        def start(self, image):
            raise SandboxUnavailable("none today")

        def close(self):
            pass

    executor = own_executor(UNSAFE)
    executor._jails = NoJails()
    monkeypatch.setattr(executor._changed, "wait", lambda *_: time.sleep(0.001))
    with pytest.raises(SandboxUnavailable, match="none today"):
        executor.run(slow(1))
    with pytest.raises(SandboxUnavailable, match="none today"):
        executor.run(slow(1))


@pytest.mark.parametrize(
    ("id_map", "expected"),
    [
        ("0 0 4294967295", 700_000),
        ("0 100000 65536", range(2000, 65536 - 2000 + 1)),
        ("0 1000 1\n1 100000 65536", range(2000, 65537 - 2000 + 1)),
        ("0 0 1000000", 700_000),
    ],
)
def test_user_ids_are_those_that_exist(id_map, expected):
    found = user_range(700_000, Confinement.USERS, id_map)
    assert found in expected if isinstance(expected, range) else found == expected


@pytest.mark.parametrize("id_map", ["0 1000 1", "", "0 1000 3000"])
def test_too_few_user_ids_are_an_error(id_map):
    with pytest.raises(OSError, match="no 2000 user ids"):
        user_range(200_000, Confinement.USERS, id_map)


def test_jails_have_user_ids_of_their_own():
    assert len({first_user() for _ in range(5)}) > 1
    assert first_user() % 2000 == 0


def test_the_bundle_is_complete():
    """The runner's modules import nothing of the package but each other, in order."""
    known: set[str] = set()
    for name in RUNNER_MODULES:
        text = Path(images.__file__).with_name(f"{name}.py").read_text()
        found = set(re.findall(r"^\s*(?:from|import) codeeval\.sandbox\.(\w+)", text, re.MULTILINE))
        assert found <= known, name
        known.add(name)
    compile(BOOT, "boot", "exec")
