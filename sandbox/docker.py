"""Jails of Docker: one hardened container for each worker, kept warm."""

from __future__ import annotations

import contextlib
import os
import select
import socket
import time
from collections import deque
from typing import TYPE_CHECKING, Any

from codeeval.sandbox.bundle import BOOT
from codeeval.sandbox.errors import ImageMissing, SandboxUnavailable
from codeeval.sandbox.image import find_image
from codeeval.sandbox.jail import Jail
from codeeval.sandbox.local import ENVIRONMENT, PYTHON_FLAGS, first_user
from codeeval.sandbox.program import Limits

if TYPE_CHECKING:
    import docker

__all__ = ["LABEL", "DockerJails", "connect", "container_options"]

LABEL = "org.codeeval.run"
OWN_BYTES = 2560 * 2**20
"""Memory of the runner, its graders and what programs share, beside the limit of the samples."""


def connect() -> docker.DockerClient:
    """Return a client of the daemon that the environment names.

    Raises:
        SandboxUnavailable: If none answers.
    """
    address = os.environ.get("DOCKER_HOST") or "unix:///var/run/docker.sock"
    hint = "start it, or choose another sandbox with --sandbox"
    if address.startswith("unix://"):
        # Asked first: a socket that is refused would stay open in the library below.
        try:
            with socket.socket(socket.AF_UNIX) as asked:
                asked.connect(address.removeprefix("unix://"))
        except OSError as error:
            reason = os.strerror(error.errno or 0).lower()
            raise SandboxUnavailable(
                f"no Docker daemon answers at {address} ({reason}); {hint}"
            ) from error
    import docker  # slow to import: only where it is needed
    from docker.errors import DockerException

    client = None
    try:
        client = docker.from_env(timeout=120)
        client.ping()
    except (DockerException, OSError) as error:
        if client is not None:
            client.close()
        raise SandboxUnavailable(
            f"no Docker daemon answers at {address} ({error.__class__.__name__}); {hint}"
        ) from error
    return client


def container_options(limits: Limits) -> dict[str, Any]:
    """Return the options of every container, each for a reason in docs/sandbox.md."""
    memory = limits.memory_bytes + limits.disk_bytes + OWN_BYTES
    return {
        "network_mode": "none",
        "read_only": True,
        "tmpfs": {
            "/tmp": f"rw,nosuid,nodev,noexec,size={limits.disk_bytes},nr_inodes=4k,mode=1777",
        },
        "ipc_mode": "private",
        "shm_size": 16 * 2**20,
        "cap_drop": ["ALL"],
        "cap_add": ["SETUID", "SETGID"],
        "security_opt": ["no-new-privileges"],
        "pids_limit": limits.processes + 32,
        "mem_limit": memory,
        "memswap_limit": memory,
        "init": False,
        "log_config": {"Type": "none", "Config": {}},
        "auto_remove": True,
    }


class DockerJails:
    """Starts containers.

    Args:
        limits: The largest limits that a program may ask for.
        runtime: Another OCI runtime that the daemon knows, such as ``runsc``.

    Raises:
        SandboxUnavailable: If no daemon answers.
        ImageMissing: If the image is not built.
    """

    isolation = "docker"

    def __init__(self, limits: Limits, *, runtime: str | None = None) -> None:
        self._limits = limits
        self._runtime = runtime
        self._client = connect()
        self._images: dict[str, str] = {}
        try:
            self.image_of("python")
        except ImageMissing:
            self.close()
            raise
        if runtime is not None:
            self.isolation = f"docker:{runtime}"

    def close(self) -> None:
        """Let go of the daemon."""
        self._client.close()

    def image_of(self, image: str) -> str:
        """Return the id of an image.

        Raises:
            ImageMissing: If it is not built.
        """
        if image not in self._images:
            found = find_image(self._client, image)
            if found is None:
                which = "" if image == "python" else f" --languages {image}"
                raise ImageMissing(
                    f"the image {image!r} of the sandbox is not built; "
                    f"run: codeeval sandbox build{which}"
                )
            self._images[image] = found
        return self._images[image]

    def start(self, image: str) -> Jail:
        """Start one container.

        Raises:
            ImageMissing: If the image is not built.
            SandboxUnavailable: If the daemon refuses.
        """
        image_id = self.image_of(image)
        from docker.errors import DockerException

        api = self._client.api
        options = container_options(self._limits)
        if self._runtime is not None:
            options["runtime"] = self._runtime
        try:
            container = api.create_container(
                image_id,
                ["python3", *PYTHON_FLAGS, "-c", BOOT],
                hostname="box",
                user="0:0",
                stdin_open=True,
                stop_signal="SIGKILL",
                environment=ENVIRONMENT,
                labels={LABEL: str(os.getpid())},
                host_config=api.create_host_config(**options),
                working_dir="/",
            )["Id"]
            stream = _Container(self._client, container)
            api.start(container)
        except (DockerException, OSError) as error:
            raise SandboxUnavailable(f"Docker starts no container: {error}") from error
        config = {
            "users": True,
            "alone": True,
            "first_user": first_user(),
            "root": "/tmp",
            "shared": ["/dev/shm"],
            "filter_calls": True,
            "path": ["/usr/lib/python3/dist-packages"],
            "temporary": "",
        }
        return Jail(stream, config)


class _Container:
    """The stream to a container: its attached standard streams."""

    def __init__(self, client: docker.DockerClient, container: str) -> None:
        self._client = client
        self.id = container
        attached = client.api.attach_socket(
            container, params={"stdin": 1, "stdout": 1, "stderr": 1, "stream": 1}
        )
        self._attached = attached
        self._socket: socket.socket = getattr(attached, "_sock", attached)
        self._socket.settimeout(None)
        self._raw = bytearray()
        self._poll = select.poll()
        self._poll.register(self._socket, select.POLLIN)
        self._said: deque[bytes] = deque(maxlen=16)
        self._closed = False

    def write(self, data: bytes) -> None:
        """Write all of ``data``."""
        if self._closed:
            raise BrokenPipeError("it was closed")
        self._socket.sendall(data)

    def read(self, seconds: float) -> bytes:
        """Return some bytes of the container's standard output."""
        deadline = time.monotonic() + seconds
        while not self._closed:
            data = self._frames()
            if data:
                return data
            if not self._poll.poll(max(0.0, deadline - time.monotonic()) * 1000):
                raise TimeoutError
            received = self._socket.recv(1 << 16)
            if not received:
                return b""
            self._raw += received
        return b""

    def _frames(self) -> bytes:
        """Take the complete frames of the attached stream: 8 bytes of head, then content."""
        raw, start, out = self._raw, 0, []
        while len(raw) - start >= 8:
            size = int.from_bytes(raw[start + 4 : start + 8], "big")
            if len(raw) - start - 8 < size:
                break
            content = bytes(raw[start + 8 : start + 8 + size])
            if raw[start] == 1:
                out.append(content)
            else:
                self._said.append(content)
            start += 8 + size
        if start:
            del raw[:start]
        return b"".join(out)

    def kill(self) -> None:
        """Have the stream end, and the container with it: its runner reads to the end."""
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)

    def close(self) -> str:
        """Kill and remove the container."""
        from docker.errors import APIError, DockerException

        if not self._closed:
            self._closed = True
            with contextlib.suppress(OSError):
                self._attached.close()
                self._socket.close()
            try:
                self._client.api.remove_container(self.id, force=True)
            except APIError:
                pass  # it is gone, or going
            except (DockerException, OSError) as error:
                self._said.append(f"not removed: {error}".encode())
        return b"".join(self._said).decode("utf-8", "backslashreplace")[-2000:].strip()
