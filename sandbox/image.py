"""The container image in which candidates run: what it is called, and how it is built."""

from __future__ import annotations

import hashlib
import io
import os
import re
import shutil
import subprocess
import tarfile
import tempfile
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Any

from codeeval.sandbox.errors import SandboxError
from codeeval.sandbox.languages import PRELUDE

if TYPE_CHECKING:
    import docker

BASE_IMAGE = "debian:bookworm-slim"  # what the Dockerfile's FROM names
BASE_SUITE = "bookworm"
PULL_SECONDS = 20  # a registry that is silent for so long counts as out of reach
BUILD_SECONDS = 900.0  # apt in a build may be silent for long
BUILDS = 2  # at a time

# Settings of the host's apt without which its mirror may be out of reach.
_APT_SETTING = re.compile(r"Acquire::(https?::Proxy\b|Check-Valid-Until\b|Check-Date\b|Retries\b)")
_PROXY_VARIABLES = ("http_proxy", "https_proxy", "no_proxy")
_CA_BUNDLE = Path("/etc/ssl/certs/ca-certificates.crt")


@dataclass(frozen=True)
class Image:
    """What an image holds.

    Attributes:
        packages: Of Debian.
        base: The image that it extends; empty for Debian alone.
        setup: A command that is run once they are there.
    """

    packages: tuple[str, ...]
    base: str = ""
    setup: str = ":"


MANUALS = "-oDPkg::Pre-Invoke::=mkdir$IFS-p$IFS/usr/share/man/man1"
"""Makes a folder, without which some packages cannot be set up."""
IMAGES: Mapping[str, Image] = {
    "python": Image(("python3", "python3-numpy", "valgrind")),
    "ada": Image(("gnat",), base="python"),
    "bash": Image(("bc", "gawk", "jq", "bsdextrautils", "xxd"), base="python"),
    "clojure": Image(("clojure",), base="java"),
    "commonlisp": Image(("sbcl",), base="python"),
    "cpp": Image(
        ("g++", "libboost-dev", "libssl-dev"),
        base="python",
        setup=f"mkdir -p {Path(PRELUDE).parent} && echo '#include <bits/stdc++.h>' > {PRELUDE} && "
        f"g++ -std=c++17 -x c++-header {PRELUDE}",
    ),
    "csharp": Image(
        (
            *("mono-mcs", "mono-runtime", "libmono-corlib4.5-cil"),
            *("libmono-system-core4.0-cil", "libmono-system-numerics4.0-cil"),
        ),
        base="python",
    ),
    "d": Image(("ldc", "gcc", "libc6-dev"), base="python"),
    "elixir": Image(("elixir",), base="python"),
    "fortran": Image(("gfortran",), base="python"),
    "go": Image(
        ("golang-go", "golang-github-stretchr-testify-dev"),
        base="python",
        setup="GO111MODULE=off GOPATH=/usr/share/gocode GOCACHE=/tmp/cache GOFLAGS=-buildvcs=false "
        "go install github.com/stretchr/testify/assert",
    ),
    "haskell": Image(("ghc",), base="python"),
    "java": Image(("openjdk-17-jdk-headless", "libjavatuples-java"), base="python"),
    "javascript": Image(("nodejs", "node-lodash"), base="python"),
    "lua": Image(("lua5.3", "lua-unit"), base="python"),
    "ocaml": Image(("ocaml-nox", "gcc", "libc6-dev"), base="python"),
    "octave": Image(("octave",), base="python"),
    "perl": Image(("perl", "libtest-deep-perl", "libdata-compare-perl"), base="python"),
    "php": Image(("php-cli",), base="python"),
    "prolog": Image(("swi-prolog-nox",), base="python"),
    "r": Image(("r-base-core",), base="python"),
    "racket": Image(("racket",), base="python"),
    "ruby": Image(("ruby", "ruby-test-unit"), base="python"),
    "rust": Image(("rustc", "gcc", "libc6-dev"), base="python"),
    "scala": Image((MANUALS, "scala"), base="java"),
    "scheme": Image(("guile-3.0",), base="python"),
    "tcl": Image(("tcl8.6",), base="python"),
    "typescript": Image(("node-typescript",), base="javascript"),
}
"""By name. Each has what the runner needs, which is Python."""


class ImageBuildError(SandboxError):
    """The image could not be built on this machine."""


def dockerfile() -> str:
    """Return the text of the Dockerfile of all images."""
    file = resources.files("codeeval.sandbox") / "images" / "Dockerfile"
    return file.read_text(encoding="utf-8")


def build_arguments(name: str) -> dict[str, str]:
    """Return what the Dockerfile is told of an image."""
    image = IMAGES[name]
    extended = image_tag(image.base) if image.base else ""
    return {
        "BASE": extended or BASE_IMAGE,
        "UNDER": extended or "scratch",
        "PART": "/layer/" if extended else "/",
        "NAME": name,
        "PACKAGES": " ".join(image.packages),
        "SETUP": image.setup,
    }


def image_tag(name: str = "python") -> str:
    """Return the name and tag that belong to an image as it is described now."""
    parts = [dockerfile(), *build_arguments(name).values()]
    digest = hashlib.sha256("\0".join(parts).encode()).hexdigest()
    return f"codeeval-{name}:{digest[:12]}"


def find_image(client: docker.DockerClient, name: str = "python") -> str | None:
    """Return the id (``sha256:...``) of an image; None if it is not built."""
    return _image_id(client, image_tag(name))


def build_image(
    client: docker.DockerClient, name: str = "python", *, report: Callable[[str], None]
) -> str:
    """Build an image, and what it extends if need be; return its id.

    Args:
        client: A daemon that answers.
        name: A key of `IMAGES`.
        report: Called with a line of text at each step.

    Raises:
        ImageBuildError: If the base can neither be pulled nor made here, or the build fails.
    """
    import requests
    from docker.errors import DockerException

    tag, base = image_tag(name), IMAGES[name].base
    try:
        if base and find_image(client, base) is None:
            build_image(client, base, report=report)
        elif not base and _image_id(client, BASE_IMAGE) is None:
            _provide_base(client, report)
        report(f"building {tag}")
        _build(client, tag, {**build_arguments(name), "TAG": tag}, report)
        built = find_image(client, name)
    except (DockerException, requests.RequestException) as error:
        raise ImageBuildError(f"the Docker daemon failed to build {tag}: {error}") from error
    if built is None:
        raise ImageBuildError(f"the build of {tag} ended without an error but left no image")
    return built


def build_images(
    connect: Callable[[], docker.DockerClient],
    names: Iterable[str],
    *,
    again: bool = False,
    report: Callable[[str], None],
) -> dict[str, str]:
    """Build the images that are not there, some at a time; return the ids of all.

    Args:
        connect: Returns a daemon that answers, to be closed here; one for each build.
        names: Keys of `IMAGES`.
        again: Whether to build those that are there, too.
        report: Called with a line of text at each step, by several threads.

    Raises:
        ImageBuildError: If one cannot be built; those that are being built are waited for.
    """

    def build(name: str) -> str:
        with closing(connect()) as client:
            found = None if again else find_image(client, name)
            said = partial(_named, report, name)
            return found or build_image(client, name, report=said)

    wanted = list(dict.fromkeys(names))
    bases = [IMAGES[name].base for name in wanted if IMAGES[name].base]
    # Two builds would both make a base that they have in common: those come first.
    first = sorted({name for name in bases if IMAGES[name].base} - {""})
    built: dict[str, str] = {}
    try:
        with closing(connect()) as client:
            for name in (*(("python",) if bases else ()), *first):
                if find_image(client, name) is None:
                    build_image(client, name, report=report)
        with ThreadPoolExecutor(BUILDS) as pool:
            for name, made in zip(wanted, pool.map(build, wanted), strict=True):
                built[name] = made
    finally:
        with closing(connect()) as client:
            # The first stage of a build knows the host's apt settings; it need not stay.
            client.images.prune(filters={"dangling": True, "label": "org.codeeval.stage=work"})
    return built


def _named(report: Callable[[str], None], name: str, line: str) -> None:
    report(f"{name}: {line}")


def _image_id(client: docker.DockerClient, name: str) -> str | None:
    from docker.errors import ImageNotFound

    try:
        return str(client.images.get(name).id)
    except ImageNotFound:
        return None


def _build(
    client: docker.DockerClient,
    tag: str,
    arguments: Mapping[str, str],
    report: Callable[[str], None],
) -> None:
    last_lines: deque[str] = deque(maxlen=15)
    events = client.api.build(
        fileobj=_context(),
        custom_context=True,
        tag=tag,
        forcerm=True,
        decode=True,
        timeout=int(BUILD_SECONDS),
        network_mode="host",  # mirrors and proxies are reached as the host reaches them
        buildargs={**_proxy_variables(), **arguments},
    )
    for event in events:
        if "error" in event:
            output = "\n".join(last_lines)
            raise ImageBuildError(f"the build of {tag} failed: {event['error']}\n{output}")
        for line in event.get("stream", "").splitlines():
            if line.startswith("Step "):
                report(line if len(line) <= 100 else f"{line[:97]}...")
            if line.strip():
                last_lines.append(line)


def _context() -> io.BytesIO:
    """Return the build context as a tar archive: the Dockerfile, and the folder ``host``."""
    sources = [f"deb {uri} {suite} main" for suite, uri in _debian_mirrors().items()]
    files = {"Dockerfile": dockerfile().encode()}
    files["host/sources.list"] = "\n".join([*sources, ""]).encode()  # may be blank
    files["host/apt.conf"] = "\n".join([*_apt_settings(), ""]).encode()
    bundle = Path(os.environ.get("SSL_CERT_FILE") or _CA_BUNDLE)
    if bundle.is_file():
        files["host/ca.crt"] = bundle.read_bytes()
    context = io.BytesIO()
    with tarfile.open(fileobj=context, mode="w") as archive:
        for name, content in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    context.seek(0)
    return context


def _provide_base(client: docker.DockerClient, report: Callable[[str], None]) -> None:
    """Pull the base image, or make the same one with debootstrap where no registry answers."""
    import requests
    from docker.errors import DockerException

    report(f"pulling {BASE_IMAGE}")
    usual_timeout: Any = client.api.timeout
    client.api.timeout = PULL_SECONDS
    try:
        client.images.pull(BASE_IMAGE)
    except (DockerException, requests.RequestException) as error:
        reason = getattr(error, "explanation", None) or error
        report(f"no registry ({reason}); making {BASE_IMAGE} with debootstrap instead")
    else:
        return
    finally:
        client.api.timeout = usual_timeout
    with tempfile.TemporaryDirectory(prefix="codeeval-base-") as folder:
        root = Path(folder) / "root"
        _debootstrap(root)
        report(f"importing {BASE_IMAGE}")
        repository, _, tag = BASE_IMAGE.partition(":")
        client.api.import_image_from_stream(
            _tar_of(root),
            repository=repository,
            tag=tag,
            changes=["LABEL org.codeeval.base=debootstrap", 'CMD ["bash"]'],
        )
    if _image_id(client, BASE_IMAGE) is None:
        raise ImageBuildError(f"the Docker daemon did not take the {BASE_IMAGE} made here")


def _debootstrap(root: Path) -> None:
    failure = (
        f"no registry to pull {BASE_IMAGE} from, and debootstrap cannot make it here: {{}}; run as "
        f"root with debootstrap installed (apt-get install debootstrap) or docker load {BASE_IMAGE}"
    )
    if shutil.which("debootstrap") is None:
        raise ImageBuildError(failure.format("it is not installed"))
    if os.geteuid() != 0:
        raise ImageBuildError(failure.format("it needs root"))
    command = ["debootstrap", "--variant=minbase", BASE_SUITE, str(root)]
    if mirror := _debian_mirrors().get(BASE_SUITE):
        command.append(mirror)
    done = subprocess.run(
        command,
        env={**os.environ, **_proxy_variables()},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
    )
    # A debootstrap that died leaves these mounted, and the folder is about to be deleted.
    for mount in filter(Path.is_mount, (root / "proc", root / "sys")):
        subprocess.run(["umount", "-l", str(mount)], check=False)
    if done.returncode != 0:
        output = " / ".join(done.stdout.splitlines()[-3:])
        raise ImageBuildError(failure.format(f"it failed with {output}"))


def _tar_of(root: Path) -> Iterator[bytes]:
    """Yield a tar archive of ``root`` without what debootstrap copied from the host."""
    left_out = "dev/* etc/hostname etc/resolv.conf var/cache/apt/* var/lib/apt/lists/* var/log/*"
    excludes = [f"--exclude=./{pattern}" for pattern in left_out.split()]
    command = ["tar", "--numeric-owner", "--create", "--directory", str(root), *excludes, "."]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as tar:
        assert tar.stdout is not None
        while block := tar.stdout.read(1 << 20):
            yield block
    if tar.returncode != 0:
        raise ImageBuildError(f"tar of the base image ended with exit code {tar.returncode}")


def _debian_mirrors() -> Mapping[str, str]:
    """Return the address of each suite of the base, as this host's own apt has it.

    Empty where the host is no Debian or knows no package lists: the defaults of the tools apply.
    """
    fields = "$(ORIGIN) $(LABEL) $(COMPONENT) $(CODENAME) $(REPO_URI)"
    lines = _output_of("apt-get", "indextargets", "--format", fields, "Identifier: Packages")
    mirrors: dict[str, str] = {}
    for line in lines:
        match line.split():
            case ["Debian", "Debian" | "Debian-Security", "main", codename, uri]:
                _, hyphen, pocket = codename.partition("-")
                if pocket in ("", "updates", "security") and uri.startswith(("http:", "https:")):
                    mirrors.setdefault(f"{BASE_SUITE}{hyphen}{pocket}", uri)
    # Without the suite itself its updates are of no use.
    return mirrors if BASE_SUITE in mirrors else {}


def _apt_settings() -> list[str]:
    return [line for line in _output_of("apt-config", "dump") if _APT_SETTING.match(line)]


def _proxy_variables() -> dict[str, str]:
    """Return the proxies that the environment names, or else apt's settings."""
    found = {name: os.getenv(name) or os.getenv(name.upper()) for name in _PROXY_VARIABLES}
    for line in _apt_settings():
        if setting := re.fullmatch(r'Acquire::(https?)::Proxy "(.+)";', line):
            name = f"{setting[1]}_proxy"
            found[name] = found[name] or setting[2]
    return {name: value for name, value in found.items() if value}


def _output_of(*command: str) -> list[str]:
    """Return the lines that ``command`` prints; none where it is missing or fails."""
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return []
    return done.stdout.splitlines()
