"""A short run of fuzz.py; longer ones are made by hand."""

from __future__ import annotations

import re
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

from tests.codeeval.command import ROOT, skip_or_fail


@pytest.mark.slow
def test_no_bytes_that_a_fuzzer_finds_break_the_readers(tmp_path):
    if find_spec("atheris") is None:
        skip_or_fail("the fuzzer atheris is not installed")
    script = Path(__file__).with_name("fuzz.py")
    done = subprocess.run(
        [sys.executable, script, "15", tmp_path],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
    )
    assert done.returncode == 0, done.stdout[-4000:]
    runs = re.search(r"Done (\d+) runs", done.stdout)
    assert runs is not None
    assert int(runs[1]) > 1000
    assert len(list((tmp_path / "corpus").iterdir())) > 100, "it finds its way in"
