"""Loading from the hub by its public name, from a server on this machine that speaks as it does."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from urllib.parse import parse_qs, unquote, urlsplit

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from codeeval.tasks.source import content_digest, read_records
from tests.data import data_path

ROOT = Path(__file__).resolve().parents[2]
pytestmark = pytest.mark.slow
COMMIT = "0123456789abcdef0123456789abcdef01234567"


@contextmanager
def hub(repositories: dict[str, dict[str, bytes]]) -> Iterator[tuple[str, list[str]]]:
    """Serve data sets (their files by path) as the hub does; yield its address and requests."""
    requests: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *args: object) -> None:
            pass

        def do_HEAD(self) -> None:
            self.do_GET()

        def do_GET(self) -> None:
            path = unquote(urlsplit(self.path).path)
            requests.append(f"{self.command} {path}")
            for name, files in repositories.items():
                if path.startswith(f"/datasets/{name}/resolve/"):
                    return self.send_file(files.get(path.split("/resolve/")[1].split("/", 1)[1]))
                if path in (f"/api/datasets/{name}", f"/api/datasets/{name}/revision/main") or (
                    path == f"/api/datasets/{name}/revision/{COMMIT}"
                ):
                    siblings = [{"rfilename": file} for file in files]
                    return self.send_json({"id": name, "sha": COMMIT, "siblings": siblings})
                if path.startswith(f"/api/datasets/{name}/tree/"):
                    folder = path.split("/tree/")[1].partition("/")[2]
                    return self.send_json(tree(files, folder))
            return self.send_error(404)

        def do_POST(self) -> None:
            path = unquote(urlsplit(self.path).path)
            requests.append(f"POST {path}")
            body = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()
            wanted = json.loads(body)["paths"] if body[:1] == "{" else parse_qs(body)["paths"]
            for name, files in repositories.items():
                if path.startswith(f"/api/datasets/{name}/paths-info/"):
                    return self.send_json(
                        [entry(file, files[file]) for file in wanted if file in files]
                    )
            return self.send_error(404)

        def send_json(self, value: object) -> None:
            self.answer(json.dumps(value).encode(), {"Content-Type": "application/json"})

        def send_file(self, data: bytes | None) -> None:
            if data is None:
                self.send_response(404)
                self.send_header("X-Error-Code", "EntryNotFound")
                self.send_header("X-Repo-Commit", COMMIT)
                self.send_header("Content-Length", "0")
                self.end_headers()
                return
            etag = f'"{hashlib.sha1(data, usedforsecurity=False).hexdigest()}"'
            self.answer(data, {"ETag": etag, "X-Repo-Commit": COMMIT, "Accept-Ranges": "none"})

        def answer(self, data: bytes, headers: dict[str, str]) -> None:
            self.send_response(200)
            for key, value in headers.items():
                self.send_header(key, value)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(data)

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", requests
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def entry(path: str, data: bytes) -> dict[str, object]:
    oid = hashlib.sha1(data, usedforsecurity=False).hexdigest()
    return {"type": "file", "path": path, "size": len(data), "oid": oid}


def tree(files: dict[str, bytes], folder: str) -> list[dict[str, object]]:
    """List a folder and all below it."""
    prefix = f"{folder}/" if folder else ""
    inside = [path for path in files if path.startswith(prefix)]
    folders = {path.rpartition("/")[0] for path in inside} - {"", folder}
    return [
        *({"type": "directory", "path": path, "size": 0, "oid": COMMIT} for path in folders),
        *(entry(path, files[path]) for path in inside),
    ]


def parquet(records: list[dict[str, object]], start: int = 0, end: int | None = None) -> bytes:
    """Write some of ``records`` with the column types that all of them have."""
    sink = pa.BufferOutputStream()
    pq.write_table(pa.Table.from_pylist(records)[start:end], sink)
    return sink.getvalue().to_pybytes()


@pytest.fixture
def evaluate(tmp_path):
    """Run code in a fresh interpreter: hub clients read their settings as they are imported."""

    def run(code: str, endpoint: str, **settings: str) -> subprocess.CompletedProcess[str]:
        hidden = ("CODEEVAL_DATA", "CODEEVAL_OFFLINE", "HF_HUB_OFFLINE", "HF_DATASETS_OFFLINE")
        environment = {key: value for key, value in os.environ.items() if key not in hidden}
        environment |= {
            "HF_ENDPOINT": endpoint,
            "HF_HOME": str(tmp_path / "hf"),
            "CODEEVAL_CACHE": str(tmp_path / "cache"),
            "HF_HUB_DISABLE_XET": "1",
            "NO_PROXY": "127.0.0.1",
            **settings,
        }
        return subprocess.run(
            [sys.executable, "-c", f"from codeeval.tasks.registry import load_task\n{code}"],
            env=environment,
            cwd=ROOT,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )

    return run


def test_humaneval_loads_by_its_public_name_and_then_from_the_cache(evaluate, tmp_path):
    original = data_path("correctness", "humaneval", "HumanEval.jsonl.gz")
    records = list(read_records(original))
    name = "openai/openai_humaneval"
    files = {"openai_humaneval/test-00000-of-00001.parquet": parquet(records)}
    code = "task = load_task('humaneval'); print(len(list(task.problems())), task.digest)"
    with hub({name: files}) as (endpoint, requests):
        first = evaluate(code, endpoint)
        assert first.returncode == 0, first.stderr
        assert requests
        requests.clear()
        second = evaluate(code, endpoint, CODEEVAL_OFFLINE="1")
        assert requests == []
    cached = tmp_path / "cache" / "datasets" / "openai--openai_humaneval.jsonl"
    assert list(read_records(cached)) == records
    assert first.stdout == second.stdout == f"164 {content_digest(cached)}\n"


def test_mbpp_takes_all_splits_of_its_configuration(evaluate):
    records = list(read_records(data_path("correctness", "mbpp", "mbpp.jsonl.gz")))
    splits = {"prompt": (0, 10), "test": (10, 510), "validation": (510, 600), "train": (600, 974)}
    files = {
        f"full/{split}-00000-of-00001.parquet": parquet(records, start, end)
        for split, (start, end) in splits.items()
    }
    lines = "".join(f"  - split: {split}\n    path: full/{split}-*\n" for split in splits)
    files["README.md"] = f"---\nconfigs:\n- config_name: full\n  data_files:\n{lines}---\n".encode()
    code = (
        "task = load_task('mbpp', split='all')\n"
        "print([problem.id for problem in task.problems()] == [str(i) for i in range(1, 975)])"
    )
    with hub({"google-research-datasets/mbpp": files}) as (endpoint, _):
        done = evaluate(code, endpoint)
    assert done.stdout == "True\n", done.stderr


def test_a_hub_without_the_data_is_said_to_be_so(evaluate):
    with hub({}) as (endpoint, _):
        done = evaluate("list(load_task('humaneval').problems())", endpoint)
    assert "DataError: no data for humaneval" in done.stderr
    assert "the hub did not give openai/openai_humaneval" in done.stderr
