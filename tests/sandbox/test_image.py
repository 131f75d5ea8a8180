"""What the container image promises to programs, and to those who run them."""

from __future__ import annotations

import os

import pytest

from codeeval.sandbox import image


@pytest.fixture(scope="module")
def client():
    docker = pytest.importorskip("docker")
    try:
        client = docker.from_env()
        client.ping()
    except docker.errors.DockerException as error:
        if os.environ.get("CODEEVAL_REQUIRE_ALL"):
            raise
        pytest.skip(f"no Docker daemon: {error}")
    yield client
    client.close()


@pytest.fixture(scope="module", params=["python", "scala"])
def name(request):
    """The names of images: one that stands by itself, and one on top of two others."""
    return request.param


@pytest.fixture(scope="module")
def inside(client, name):
    """Run a command in an image, as root so that nothing is hidden, and return its output."""
    if image.find_image(client, name) is None and not os.environ.get("CODEEVAL_REQUIRE_ALL"):
        pytest.skip("the image is not built; run: codeeval sandbox build")

    def run(*command: str) -> str:
        output = client.containers.run(
            image.image_tag(name), list(command), remove=True, network_mode="none", user="0:0"
        )
        return output.decode()

    return run


def test_the_tag_follows_the_text_of_the_dockerfile(monkeypatch):
    before = image.image_tag()
    assert image.image_tag() == before
    text = image.dockerfile()
    monkeypatch.setattr(image, "dockerfile", lambda: f"{text}\n")
    assert image.image_tag() != before
    assert image.image_tag().startswith("codeeval-python:")


def test_the_tag_follows_what_is_installed(monkeypatch):
    tags = [image.image_tag("python"), image.image_tag("cpp")]
    monkeypatch.setitem(image.IMAGES, "python", image.Image(("python3", "more")))
    changed = [image.image_tag("python"), image.image_tag("cpp")]
    assert not set(tags) & set(changed)


def test_the_dockerfile_starts_from_the_base_that_is_provided():
    assert image.build_arguments("python")["BASE"] == image.BASE_IMAGE
    assert image.build_arguments("cpp")["BASE"] == image.image_tag("python")


def test_the_host_of_the_build_is_no_debian(monkeypatch):
    monkeypatch.setattr(image, "_output_of", lambda *command: [])
    assert image._debian_mirrors() == {}


@pytest.mark.docker
def test_the_built_image_is_found_under_its_tag(client, inside, name):
    found = image.find_image(client, name)
    assert found is not None
    assert found.startswith("sha256:")
    assert client.images.get(found).labels["org.codeeval.image"] == name


@pytest.mark.docker
@pytest.mark.parametrize("other", [each for each in image.IMAGES if each != "python"])
def test_every_image_is_as_careful(client, other):
    if image.find_image(client, other) is None and not os.environ.get("CODEEVAL_REQUIRE_ALL"):
        pytest.skip(f"the image is not built; run: codeeval sandbox build --languages {other}")
    shell = (
        "find / -xdev ! -type l \\( -perm /6000 -o -perm /022 \\); "
        "ls -d /host /layer /etc/apt/sources.list* 2> /dev/null; ls -A /tmp /var/lib/apt/lists"
    )
    output = client.containers.run(
        image.image_tag(other), ["sh", "-c", shell], remove=True, network_mode="none", user="0:0"
    )
    assert output.decode().split() == ["/tmp", "/tmp:", "/var/lib/apt/lists:"]


@pytest.mark.docker
def test_no_file_lends_the_rights_of_its_owner(inside):
    assert inside("find", "/", "-xdev", "!", "-type", "l", "-perm", "/6000") == ""


@pytest.mark.docker
def test_only_tmp_can_be_written_by_everybody(inside):
    found = inside("find", "/", "-xdev", "!", "-type", "l", "-perm", "/022")
    assert found.split() == ["/tmp"]


@pytest.mark.docker
def test_nothing_is_left_of_the_host_that_built_it(inside):
    assert inside("sh", "-c", "ls -d /host /etc/apt/sources.list* || true").strip() == ""


@pytest.mark.docker
def test_numpy_can_be_used(inside):
    assert inside("python3", "-c", "import numpy; print(numpy.arange(4).sum())") == "6\n"


@pytest.mark.docker
def test_nothing_is_compiled_when_a_program_starts(inside):
    shell = "python3 -v -c 'import json, unittest, asyncio, numpy' 2>&1"
    log = inside("sh", "-c", shell)
    loaded = [line for line in log.splitlines() if line.startswith("# code object from")]
    assert len(loaded) > 100
    assert [line for line in loaded if not line.rstrip("'").endswith(".pyc")] == []
