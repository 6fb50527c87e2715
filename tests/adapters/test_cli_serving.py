"""Starting a server with settings that cannot be read: a sentence, not a trace."""

import pytest
from typer.testing import CliRunner

from adapters.cli import app


@pytest.mark.parametrize("words", [["play", "--port", "0", "--no-open"], ["serve"]])
def test_settings_that_cannot_be_read_are_named(words, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MLOPS_PORT", "abc")
    done = CliRunner().invoke(app, words)
    assert done.exit_code == 2
    assert "MLOPS_PORT" in done.output
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("url", "host", "told"),
    [
        ("https://slack.com/api/", "127.0.0.1", "emulator on this machine"),
        ("http://169.254.169.254/api/", "127.0.0.1", "emulator on this machine"),
        ("http://127.0.0.1.evil.example/api/", "127.0.0.1", "emulator on this machine"),
        ("http://127.0.0.1:4003/api/", "0.0.0.0", "listens on this machine only"),
    ],
)
def test_an_emulator_is_on_this_machine_and_so_are_we(url, host, told, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    for name, value in {"SLACK_BOT_TOKEN": "xoxb-1", "SLACK_SIGNING_SECRET": "0" * 32, "HOST": host}.items():
        monkeypatch.setenv(f"MLOPS_{name}", value)
    done = CliRunner().invoke(app, ["dev", "--slack-api-url", url])
    assert done.exit_code != 0
    assert told in done.output


def test_only_dev_serves_an_emulator(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    assert "--slack-api-url" in CliRunner().invoke(app, ["dev"]).output
    monkeypatch.setenv("MLOPS_SLACK_API_URL", "http://127.0.0.1:4003/api/")
    done = CliRunner().invoke(app, ["serve"])
    assert done.exit_code == 2
    assert "mlops-coach dev" in done.output
