from __future__ import annotations

import gzip
import hashlib
import json

import pytest

from codeeval.tasks.source import (
    Hub,
    cache_folder,
    content_digest,
    content_md5,
    locate,
    read_numbered,
    read_records,
)
from codeeval.tasks.task import DataError

RECORDS = [{"a": 1}, {"a": "é\u2028\x85"}]
LINES = [json.dumps(record, ensure_ascii=False) for record in RECORDS]


@pytest.fixture(autouse=True)
def no_settings(monkeypatch, tmp_path):
    """Neither data nor a hub from outside of the test."""
    for name in ("CODEEVAL_DATA", "HF_HUB_OFFLINE", "HF_DATASETS_OFFLINE", "X_OVERRIDE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("CODEEVAL_OFFLINE", "1")
    monkeypatch.setenv("CODEEVAL_CACHE", str(tmp_path / "cache"))


@pytest.mark.parametrize(
    "text",
    [
        "\n".join(LINES),
        "\r\n".join(LINES) + "\r\n",
        "\ufeff" + "\n\n  \n".join(LINES) + "\n\n",
        json.dumps(RECORDS),
        "\ufeff \n" + json.dumps(RECORDS, indent=2),
    ],
)
@pytest.mark.parametrize("zipped", [False, True])
def test_every_upstream_form_reads_alike(tmp_path, text, zipped):
    path = tmp_path / "data"
    data = text.encode()
    path.write_bytes(gzip.compress(data) if zipped else data)
    assert list(read_records(path)) == RECORDS


def test_a_record_comes_with_its_place(tmp_path):
    path = tmp_path / "x.jsonl"
    path.write_text('{"a": 1}\n\n{"a": 2}\n')
    assert [place for place, _ in read_numbered(path)] == [f"{path}, line 1", f"{path}, line 3"]


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b'{"a": 1}\n{"a": \n', "line 2: not JSON"),
        (b'{"a": 1}\n[1]\n', "line 2: a record must be a JSON object, not a list"),
        (b"[1, 2]", "item 1: a record must be a JSON object, not a number: 1"),
        (b'{"a": 1}\n"x"', "line 2: a record must be a JSON object, not a text"),
        (b'{"a": 1}\n{"a": "\xff"}', "line 2: byte 0xff is not UTF-8"),
        (b"[" * 100_000, "not JSON"),
        (gzip.compress(b'{"a": 1}')[:-4], "cannot be read"),
    ],
)
def test_a_mistake_is_named_with_file_and_line(tmp_path, data, message):
    path = tmp_path / "bad.jsonl"
    path.write_bytes(data)
    with pytest.raises(DataError, match=r"bad\.jsonl") as caught:
        list(read_records(path))
    assert message in str(caught.value)


def test_a_missing_file_is_a_data_error(tmp_path):
    with pytest.raises(DataError, match="cannot be read"):
        list(read_records(tmp_path / "none"))
    with pytest.raises(DataError, match="cannot be read"):
        content_digest(tmp_path / "none")


def test_digests_are_those_of_the_uncompressed_content(tmp_path):
    plain, zipped = tmp_path / "a", tmp_path / "a.gz"
    plain.write_bytes(b"abc")
    zipped.write_bytes(gzip.compress(b"abc"))
    assert content_digest(plain) == content_digest(zipped) == hashlib.sha256(b"abc").hexdigest()
    assert content_md5(zipped) == "900150983cd24fb0d6963f7d28e17f72"


def find(**options):
    return locate(("X.jsonl.gz", "X.jsonl"), task="x", hub=Hub("some/x"), **options)


def test_data_are_looked_for_in_the_promised_order(tmp_path, monkeypatch):
    def make(name):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("{}")
        return path

    with pytest.raises(DataError, match="no data for x"):
        find()
    fetched = make("cache/datasets/some--x.jsonl")
    assert find() == fetched
    cached = make("cache/datasets/X.jsonl")
    assert find() == cached
    monkeypatch.setenv("CODEEVAL_DATA", str(tmp_path / "data"))
    below = make("data/x/X.jsonl")
    assert find() == below
    better = make("data/zz/X.jsonl.gz")
    assert find() == better
    top = make("data/X.jsonl.gz")
    assert find() == top
    override = make("override.jsonl")
    monkeypatch.setenv("X_OVERRIDE", str(override))
    assert find(override="X_OVERRIDE") == override
    given = make("given.jsonl")
    assert find(override="X_OVERRIDE", data_file=given) == given


def test_a_file_that_was_named_must_exist(tmp_path, monkeypatch):
    with pytest.raises(DataError, match="the data file of x must be a file"):
        find(data_file=tmp_path / "none")
    monkeypatch.setenv("X_OVERRIDE", str(tmp_path / "none"))
    with pytest.raises(DataError, match="the file that X_OVERRIDE names"):
        find(override="X_OVERRIDE")
    monkeypatch.setenv("CODEEVAL_DATA", str(tmp_path / "none"))
    with pytest.raises(DataError, match="CODEEVAL_DATA must name a folder"):
        find()


@pytest.mark.parametrize("variable", ["CODEEVAL_OFFLINE", "HF_HUB_OFFLINE", "HF_DATASETS_OFFLINE"])
def test_offline_says_which_file_to_put_where(monkeypatch, variable):
    monkeypatch.delenv("CODEEVAL_OFFLINE")
    monkeypatch.setenv(variable, "1")
    with pytest.raises(DataError) as caught:
        find()
    for word in (variable, "X.jsonl.gz", str(cache_folder()), "CODEEVAL_DATA"):
        assert word in str(caught.value)


def test_zero_is_not_offline(monkeypatch):
    monkeypatch.setenv("CODEEVAL_OFFLINE", "0")
    monkeypatch.setattr("codeeval.tasks.source._fetch", lambda hub, target: target)
    assert find() == cache_folder() / "some--x.jsonl"


def test_a_hub_that_fails_is_a_data_error(monkeypatch):
    def fail(hub, target):
        raise ConnectionError("no route\nto host")

    monkeypatch.setenv("CODEEVAL_OFFLINE", "0")
    monkeypatch.setattr("codeeval.tasks.source._fetch", fail)
    with pytest.raises(DataError, match=r"did not give some/x \(ConnectionError: no route\)"):
        find()


def test_data_that_the_hub_does_not_have_need_a_file():
    with pytest.raises(DataError, match="the hub does not have it"):
        locate(("X.jsonl",), task="x")


def test_the_cache_follows_the_usual_variables(monkeypatch, tmp_path):
    assert cache_folder() == tmp_path / "cache" / "datasets"
    monkeypatch.delenv("CODEEVAL_CACHE")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert cache_folder() == tmp_path / "codeeval" / "datasets"
