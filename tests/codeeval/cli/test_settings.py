"""Where values come from: flags, the environment, `.env`, files of settings, defaults."""

from __future__ import annotations

import json
import os

import pytest

from tests.codeeval.command import STARTER, UNSAFE, records, refused, right, write

FEW = ("--include", "Starter/0", "--include", "Starter/1")


@pytest.fixture
def settings(call):
    """Return value and origin of each flag of evaluate, as the doctor tells them."""

    def told(*words: str) -> dict[str, tuple[object, str]]:
        ended = call("doctor", "--json", *words)
        assert ended.code == 0, ended.err
        found = json.loads(ended.out)
        return {
            item["name"]: (item["value"], item["origin"])
            for section in ("settings of evaluate", "environment")
            for item in found[section]
        }

    return told


@pytest.fixture
def user(tmp_path):
    folder = tmp_path / "user" / "codeeval"
    folder.mkdir(parents=True)
    return folder / "config.toml"


class TestPrecedence:
    def test_each_source_wins_over_the_next(self, call, settings, user, tmp_path, monkeypatch):
        assert settings()["workers"] == (None, "default")
        user.write_text("workers = 2\n")
        assert settings()["workers"] == (2, str(user))
        (tmp_path / "codeeval.yaml").write_text("n_workers: 3\n")
        assert settings()["workers"] == (3, "codeeval.yaml")
        (tmp_path / ".env").write_text("CODEEVAL_WORKERS=4\n")
        monkeypatch.setenv("CODEEVAL_WORKERS", "")  # put back at the end whatever happens
        monkeypatch.delenv("CODEEVAL_WORKERS")
        assert settings()["workers"] == (4, ".env")
        monkeypatch.setattr("codeeval.cli.settings._from_env_file", set())
        monkeypatch.setenv("CODEEVAL_WORKERS", "5")
        assert settings()["workers"] == (5, "environment (CODEEVAL_WORKERS)")
        words = ("evaluate", "starter", STARTER / "right.jsonl", *FEW, *UNSAFE, "-o", "r")
        assert call(*words, "-j", "1").code == 0
        assert json.loads((tmp_path / "r" / "run.json").read_text())["workers"] == 1

    def test_a_file_that_is_named_stands_in_for_the_projects(self, settings, user, tmp_path):
        user.write_text('sandbox = "docker"\n')
        (tmp_path / "codeeval.toml").write_text("workers = 3\n")
        (tmp_path / "other.yaml").write_text("limit: 7\n")
        found = settings("--config", "other.yaml")
        assert found["limit"] == (7, "other.yaml")
        assert found["workers"] == (None, "default")
        assert found["sandbox"] == ("docker", str(user))

    def test_lists(self, call, settings, tmp_path):
        (tmp_path / "codeeval.toml").write_text('k = [1, 2]\ninclude = ["Starter/0"]\n')
        found = settings()
        assert found["k"][0] == "1,2"
        assert found["include"][0] == ["Starter/0"]
        write(tmp_path / "s.jsonl", right(2))
        assert call("evaluate", "starter", "s.jsonl", *UNSAFE, "-o", "r").code == 0
        assert len(records(tmp_path / "r" / "results.jsonl")) == 2

    def test_secrets_are_masked(self, settings, tmp_path, monkeypatch):
        monkeypatch.setenv("OPENAI_API_KEY", "sk-verysecret")
        monkeypatch.setenv("DOCKER_AUTH_CONFIG", "{}")
        monkeypatch.setenv("CODEEVAL_FOO_PASS", "hunter2")
        for name, value, shown in (
            ("https_proxy", "http://me:p@ss/w0rd@proxy:3128", "http://***@proxy:3128"),
            ("http_proxy", "me:secret@proxy:3128", "***@proxy:3128"),
            ("OPENAI_BASE_URL", "https://h/v1?api_key=sk-1", "https://h/v1?***"),
        ):
            monkeypatch.setenv(name, value)
            assert settings()[name] == (shown, "environment")
        for name in ("OPENAI_API_KEY", "DOCKER_AUTH_CONFIG", "CODEEVAL_FOO_PASS"):
            assert settings()[name] == ("***", "environment")

    def test_the_doctor_prints_a_table(self, call):
        out = call("doctor").out
        for word in ("settings of evaluate", "workers", "[default]", "versions", "sandboxes"):
            assert word in out


class TestConsent:
    """A folder that somebody else made must not be able to switch the sandbox off."""

    def test_is_not_taken_from_a_file_of_settings(self, call, tmp_path):
        (tmp_path / "codeeval.toml").write_text('sandbox = "unsafe-local"\nunsafe_local = true\n')
        ended = call("evaluate", "starter", STARTER / "right.jsonl")
        refused(ended, 3, "is agreed to on the command line or in the environment")

    def test_is_not_taken_from_an_env_file(self, call, tmp_path, monkeypatch):
        monkeypatch.delenv("CODEEVAL_ALLOW_UNSAFE")
        names = ("UNSAFE_LOCAL", "ALLOW_UNSAFE", "CONFIRM_RUN_UNSAFE_CODE")
        (tmp_path / ".env").write_text("".join(f"CODEEVAL_{name}=1\n" for name in names))
        ended = call("evaluate", "starter", STARTER / "right.jsonl", "--sandbox", "unsafe-local")
        refused(ended, 2, "if you trust it, say both")

    def test_what_other_tools_call_it_is_not_taken_from_an_env_file(
        self, call, tmp_path, monkeypatch
    ):
        monkeypatch.delenv("HF_ALLOW_CODE_EVAL", raising=False)
        (tmp_path / ".env").write_text("HF_ALLOW_CODE_EVAL=1\nCODEEVAL_SANDBOX=unsafe-local\n")
        ended = call("evaluate", "starter", "nope")
        assert "not taken from a file in the working folder" in ended.err
        assert "HF_ALLOW_CODE_EVAL" in ended.err
        assert "CODEEVAL_SANDBOX" not in os.environ
        assert "HF_ALLOW_CODE_EVAL" not in os.environ

    @pytest.mark.parametrize("name", ["codeeval.toml", "named.toml", "user/codeeval/config.toml"])
    def test_no_file_is_half_of_it(self, call, tmp_path, monkeypatch, name):
        monkeypatch.setenv("CODEEVAL_ALLOW_UNSAFE", "1")
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text('sandbox = "unsafe-local"\n')
        words = ["--config", name] if name == "named.toml" else []
        refused(call("evaluate", "starter", "nope", *words), 3, "is agreed to on the command line")

    @pytest.mark.parametrize(
        "line", ['output = "/x"', "overwrite = true", 'runtime = "runc"', 'data-file = "x"',
                 'compat = "evalplus"', 'runs = "x"', 'isolation = "worker"']
    )  # fmt: skip
    def test_a_folder_does_not_say_where_things_go(self, call, tmp_path, line):
        (tmp_path / "codeeval.toml").write_text(line)
        refused(call("evaluate", "starter", "nope"), 3, "a file in the working folder may not say")
        (tmp_path / "codeeval.toml").rename(tmp_path / "own.toml")
        ended = call("evaluate", "starter", "nope", "--config", "own.toml")
        assert "may not say" not in ended.err

    @pytest.mark.parametrize("name", [
        "HF_ENDPOINT", "OPENAI_BASE_URL", "DOCKER_HOST", "CODEEVAL_CACHE", "CODEEVAL_OUTPUT",
        "CODEEVAL_CONFIG", "CODEEVAL_RUNTIME",
    ])  # fmt: skip
    def test_a_folder_does_not_say_where_secrets_go(self, call, tmp_path, monkeypatch, name):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.setenv("HF_TOKEN", "")
        monkeypatch.delenv("HF_TOKEN")
        (tmp_path / ".env").write_text(f"{name}=http://evil\nHF_TOKEN=mine\n")
        ended = call("version")
        assert f"not taken from a file in the working folder: {name}" in ended.err
        assert name not in os.environ
        assert os.environ["HF_TOKEN"] == "mine"

    def test_nothing_unknown_is_taken_from_an_env_file(self, call, tmp_path):
        (tmp_path / ".env").write_text("LD_PRELOAD=/evil.so\nPATH=/evil\n")
        assert call("version").code == 0
        assert "LD_PRELOAD" not in os.environ
        assert os.environ["PATH"] != "/evil"

    @pytest.mark.parametrize("flag", ["--allow-code-execution", "--confirm_run_unsafe_code"])
    def test_what_other_tools_call_it_is_understood(self, call, monkeypatch, flag):
        samples = STARTER / "right.jsonl"
        ended = call("evaluate", "starter", samples, *FEW, "--sandbox", "unsafe-local", flag)
        assert ended.code == 0
        assert "taken for --unsafe-local" in ended.err
        monkeypatch.setenv("CODEEVAL_ALLOW_UNSAFE", "")
        refused(call("evaluate", "starter", samples, flag, "--unsafe-local"), 2, "say both")

    def test_in_a_sandbox_nothing_needs_to_be_allowed(self, call, monkeypatch):
        monkeypatch.setenv("HF_ALLOW_CODE_EVAL", "1")
        ended = call("evaluate", "starter", "nope", "--sandbox", "bubblewrap")
        assert "model code runs in a sandbox here" in ended.err


class TestCommandLine:
    """What stands on the command line is more than what files and variables say."""

    def test_another_flag_for_the_same(self, call, tmp_path):
        (tmp_path / "codeeval.toml").write_text('task = "starter"\nallow-missing = true\n')
        refused(call("evaluate", "--dataset", "mbpp", "--samples", "nope"), 3, "no data for mbpp")
        write(tmp_path / "s.jsonl", right()[:1])
        ended = call("evaluate", "s.jsonl", *UNSAFE, "--missing", "error")
        refused(ended, 3, "47 of 48 problems have no sample")

    def test_places(self, call, tmp_path):
        (tmp_path / "codeeval.toml").write_text('tasks = ["starter", "mbpp"]\nsamples = "x"\n')
        refused(call("evaluate", "starter", "nope"), 3, "nope: cannot be read")
        (tmp_path / "codeeval.toml").write_text('task = "starter"\n')
        refused(call("evaluate", "nope"), 3, "nope: cannot be read")
        (tmp_path / "codeeval.toml").write_text('samples = "nope"\n')
        refused(call("evaluate", "starter"), 3, "nope: cannot be read")

    def test_another_variable_for_the_same(self, call, tmp_path, monkeypatch, settings):
        monkeypatch.setenv("CODEEVAL_PARALLEL", "2")
        (tmp_path / ".env").write_text("CODEEVAL_WORKERS=7\n")
        assert settings()["workers"] == (2, "environment (CODEEVAL_PARALLEL)")

    def test_settings_of_evaluate_are_no_others(self, call, tmp_path):
        (tmp_path / "codeeval.toml").write_text("k = [1, 10]\n")
        assert call("plan").code == 0

    def test_a_users_own_file_may_be_named(self, call, tmp_path, monkeypatch, settings):
        (tmp_path / "mine.toml").write_text("limit = 3\n")
        (tmp_path / "codeeval.toml").write_text("workers = 3\n")
        monkeypatch.setenv("CODEEVAL_CONFIG", str(tmp_path / "mine.toml"))
        found = settings()
        assert found["limit"] == (3, str(tmp_path / "mine.toml"))
        assert found["workers"] == (3, "codeeval.toml")

    def test_a_broken_file_stops_evaluations_only(self, call, tmp_path):
        (tmp_path / "codeeval.toml").write_text("bogus = 1\n")
        ended = call("version")
        assert ended.code == 0
        assert "codeeval.toml: no flag --bogus" in ended.err

    def test_without_a_home(self, call, monkeypatch):
        monkeypatch.setattr("os.path.expanduser", lambda path: path)
        monkeypatch.delenv("XDG_CONFIG_HOME")
        assert call("version").code == 0


class TestWrongFiles:
    @pytest.mark.parametrize(
        ("name", "content", "text"),
        [
            (
                "codeeval.toml",
                "worker = 3",
                "no flag --worker that the key 'worker' could mean; did",
            ),
            ("codeeval.toml", "workers = ", "codeeval.toml: cannot be read: "),
            (
                "codeeval.toml",
                "workers = 'many'",
                "workers: Input should be a valid integer",
            ),
            ("codeeval.toml", "config = 'x'", "no flag --config"),
            ("codeeval.toml", "limit = true", "limit: must not be true or false"),
            (
                "codeeval.toml",
                "workers = 1\nparallel = 2",
                "workers and parallel are the same",
            ),
            ("codeeval.toml", "workers = {a = 1}", "must be a text, a number or a list"),
            ("codeeval.yaml", "k: [[1], [2]]", "must be a text, a number or a list"),
            ("codeeval.yaml", "[1, 2]", "must hold keys and values"),
            ("codeeval.yaml", "a: b: c", "codeeval.yaml: not YAML"),
            ("codeeval.yaml", "missing: maybe", "codeeval.yaml: missing: 'maybe' is not one of"),
        ],
    )
    def test_are_bad_input(self, call, tmp_path, name, content, text):
        (tmp_path / name).write_text(content)
        refused(call("evaluate", "starter", "s.jsonl"), 3, text)

    def test_a_file_that_is_not_there(self, call):
        refused(call("tasks", "--config", "nope.toml"), 3, "nope.toml: cannot be read")


class TestVoice:
    WORDS = ("convert", STARTER / "right.jsonl", "x.jsonl", "-t", "starter")

    def test_lines_of_json(self, call):
        ended = call(*self.WORDS, "--log-format", "json")
        lines = [json.loads(line) for line in ended.err.splitlines()]
        assert [line["level"] for line in lines] == ["notice", "notice"]
        assert lines[0].keys() == {"time", "level", "logger", "message"}
        assert "read as jsonl" in lines[0]["message"]
        ended = call("evaluate", "starter", "nope", "--log-format=json", "--sandbox=bubblewrap")
        assert ended.code == 3
        last = json.loads(ended.err.splitlines()[-1])
        assert last["level"] == "error"
        assert last["message"].startswith("nope: cannot be read")

    def test_quiet_and_verbose(self, call, monkeypatch, tmp_path):
        monkeypatch.setenv("HUMANEVAL_OVERRIDE_PATH", str(STARTER.parent / "problems.jsonl"))
        words = ("evaluate", "humaneval-plus", "nope", "--sandbox", "bubblewrap")
        assert "as HUMANEVAL_OVERRIDE_PATH says" not in call(*words).err
        assert "as HUMANEVAL_OVERRIDE_PATH says" in call(*words, "-v").err
        assert call(*self.WORDS, "-q").err == ""

    @pytest.mark.parametrize("command", ["tasks", "version", "doctor", "cache"])
    def test_every_command_has_the_common_flags(self, call, command):
        words = [command, "path"] if command == "cache" else [command]
        assert call(*words, "--no-color", "-v", "-q", "--log-format", "text").code == 0
        json.loads(call(*words, "--json").out)
