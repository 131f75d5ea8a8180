"""A Docker daemon of a test's own, which may be stopped, killed and started again."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from codeeval.sandbox import image as images
from codeeval.sandbox.docker import connect
from codeeval.sandbox.errors import SandboxUnavailable


class Daemon:
    """A daemon beside the one of the machine.

    Args:
        folder: Holds its socket, its images and its log.
    """

    def __init__(self, folder: Path) -> None:
        self.address = f"unix://{folder}/socket"
        self._folder = folder
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it; returns before it answers."""
        command = ["dockerd", "--host", self.address, "--data-root", self._folder / "data"]
        command += ["--exec-root", self._folder / "exec", "--pidfile", self._folder / "pid"]
        command += ["--bridge=none", "--iptables=false", "--ip6tables=false"]
        command += ["--config-file", self._folder / "daemon.json"]
        (self._folder / "daemon.json").write_text("{}")  # not the machine's own, which may differ
        with open(self._folder / "log", "ab") as log:
            self._process = subprocess.Popen(command, stdout=log, stderr=log)

    def stop(self) -> None:
        """Have it end in good order."""
        assert self._process is not None
        self._process.terminate()
        self._process.wait(60)

    def kill(self) -> None:
        """Kill it with signal 9, and wait until its containerd has followed it.

        A daemon that starts before that takes the dying one for its own, and gives up.
        """
        assert self._process is not None
        self._process.kill()
        self._process.wait(60)
        containerd = (self._folder / "exec" / "containerd" / "containerd.pid").read_text()
        while Path("/proc", containerd).exists():
            time.sleep(0.05)

    def is_dead(self) -> bool:
        """Whether it does not run."""
        return self._process is None or self._process.poll() is not None

    def wait(self) -> None:
        """Wait until it answers whoever calls the daemon that DOCKER_HOST names."""
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            with contextlib.suppress(SandboxUnavailable):
                connect().close()
                return
            time.sleep(0.1)
        raise AssertionError((self._folder / "log").read_text()[-2000:])


@contextlib.contextmanager
def private_daemon(monkeypatch: pytest.MonkeyPatch) -> Iterator[Daemon]:
    """Start a daemon with the sandbox's image in it, and have DOCKER_HOST name it."""
    if os.geteuid() != 0 or shutil.which("dockerd") is None:
        pytest.skip("only root can start a daemon")
    with contextlib.closing(connect()) as client:
        archive = b"".join(client.api.get_image(images.image_tag()))
    folder = Path(tempfile.mkdtemp(prefix="dockerd-"))  # short: it holds sockets
    daemon = Daemon(folder)
    daemon.start()
    monkeypatch.setenv("DOCKER_HOST", daemon.address)
    try:
        daemon.wait()
        with contextlib.closing(connect()) as client:
            client.images.load(archive)
        yield daemon
    finally:
        if daemon.is_dead():  # what it left running, its next life knows
            daemon.start()
            daemon.wait()
        daemon.stop()
        mounts = [line.split()[1] for line in Path("/proc/mounts").read_text().splitlines()]
        for path in reversed(mounts):
            if path.startswith(f"{folder}/"):
                subprocess.run(["umount", path], check=True)
        shutil.rmtree(folder, ignore_errors=True)
