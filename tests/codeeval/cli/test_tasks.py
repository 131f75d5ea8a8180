"""The commands about tasks and the cache."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.codeeval.command import need, refused, write

BROKEN = {
    "task_id": "X/0", "entry_point": "f", "prompt": "def f(x):\n", "inputs": [[1]],
    "outputs": [2], "reference": "def f(x):\n    return 1\n",
}  # fmt: skip


@pytest.fixture
def cache(monkeypatch, tmp_path) -> Path:
    monkeypatch.setenv("CODEEVAL_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


class TestInfo:
    def test_says_what_a_task_is(self, call):
        out = call("info", "starter").out
        assert "problems  48" in out
        record = json.loads(call("info", "starter", "--json").out)
        assert record["columns"] == ["pass"]
        assert len(record["sha256"]) == 64
        assert Path(record["data"]).is_file()

    def test_of_a_folder(self, call, tmp_path):
        (tmp_path / "own").mkdir()
        (tmp_path / "own" / "task.yaml").write_text("name: own\nproblems: p.jsonl\n")
        write(tmp_path / "own" / "p.jsonl", [BROKEN])
        assert json.loads(call("info", "own/", "--json").out)["problems"] == 1

    def test_a_task_without_data_says_how_to_get_them(self, call, cache):
        refused(call("info", "humaneval"), 3, "run `codeeval prepare humaneval` where there is")


class TestValidate:
    def test_references_pass(self, call, cache):
        need("bubblewrap")
        ended = call("validate", "starter", "--sandbox", "bubblewrap", "-q")
        assert (ended.code, ended.out) == (0, "starter 1: 48 of 48 references pass\n")

    def test_one_that_fails_is_named(self, call, cache, tmp_path):
        need("bubblewrap")
        (tmp_path / "bad").mkdir()
        (tmp_path / "bad" / "task.yaml").write_text("name: bad\nproblems: p.jsonl\n")
        good = {**BROKEN, "task_id": "X/1", "reference": "def f(x):\n    return 2\n"}
        write(tmp_path / "bad" / "p.jsonl", [BROKEN, good])
        ended = call("validate", "bad/", "--sandbox", "bubblewrap", "--json")
        assert ended.code == 4
        assert json.loads(ended.out)["failed"] == {"X/0": "wrong_answer"}
        assert "codeeval: error: X/0: wrong_answer" in ended.err


class TestPrepare:
    def test_everything_is_there_afterwards(self, call, cache):
        need("bubblewrap")
        ended = call("prepare", "*rter", "--sandbox", "bubblewrap", "--json")
        assert ended.code == 0, ended.err
        [record] = json.loads(ended.out)
        assert (record["problems"], record["references"]) == (48, 48)
        assert len(list((cache / "truths").iterdir())) == 48

    def test_data_only_needs_no_sandbox(self, call, cache, monkeypatch):
        monkeypatch.setenv("DOCKER_HOST", "unix:///nonexistent")
        ended = call("prepare", "starter", "--data-only", "--sandbox", "docker")
        assert ended.code == 0
        assert "48 problems in" in ended.err
        assert not cache.exists()

    def test_a_hub_that_may_not_be_asked(self, call, cache):
        refused(call("prepare", "mbpp", "--data-only"), 3, "CODEEVAL_OFFLINE forbids to ask")


class TestCache:
    @pytest.fixture
    def filled(self, call, cache):
        need("bubblewrap")
        assert call("prepare", "starter", "--sandbox", "bubblewrap", "-q").code == 0
        (cache / "datasets").mkdir()
        write(cache / "datasets" / "some--data.jsonl", [{"a": 1}])
        return cache

    def test_path(self, call, cache):
        assert call("cache", "path").out == f"{cache}\n"
        assert call("cache", "path", "truths").out == f"{cache / 'truths'}\n"
        assert json.loads(call("cache", "path", "datasets", "--json").out)["path"].endswith("sets")

    def test_list(self, call, filled):
        out = call("cache", "list").out
        assert "some--data.jsonl  9 bytes" in out
        assert "48 files" in out
        assert len(json.loads(call("cache", "list", "datasets", "--json").out)) == 1

    def test_verify_names_what_is_damaged(self, call, filled):
        assert call("cache", "verify").code == 0
        truth = sorted((filled / "truths").iterdir())[0]
        content = bytearray(truth.read_bytes())
        content[-1] ^= 1
        truth.write_bytes(content)
        (filled / "datasets" / "some--data.jsonl").write_text('{"a": ')
        ended = call("cache", "verify", "--json")
        assert ended.code == 3
        assert {Path(each["path"]) for each in json.loads(ended.out)["damaged"]} == {
            truth,
            filled / "datasets" / "some--data.jsonl",
        }

    def test_clear_deletes_files_of_ours_only(self, call, filled):
        (filled / "datasets" / "important.csv").write_text("mine")
        (filled / "datasets" / "mine").mkdir()
        (filled / "other.txt").write_text("mine")
        assert call("cache", "clear", "truths").code == 0
        assert list((filled / "truths").iterdir()) == []
        ended = call("cache", "clear")
        assert "deleted 1 files" in ended.err
        assert (filled / "datasets" / "mine").is_dir()
        assert (filled / "other.txt").is_file()
        assert (filled / "datasets" / "important.csv").is_file()
