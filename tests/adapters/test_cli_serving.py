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


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"HOST": "0.0.0.0"}, "listens on this machine only"),
        ({"TEAMS_APP_ID": "x"}, "unset MLOPS_TEAMS_APP_ID"),
        ({"TEAMS_APP_SECRET": "x"}, "unset MLOPS_TEAMS_APP_SECRET"),
    ],
)
def test_without_authentication_teams_is_for_an_emulator_here(given, told):
    from adapters.settings import Settings
    from adapters.teams.emulator import unauthenticated
    from adapters.teams.required import Incomplete

    settings = Settings(_env_file=None, **{name.lower(): value for name, value in given.items()})
    with pytest.raises(Incomplete, match=told):
        unauthenticated(settings)


def test_an_emulator_of_teams_is_served_without_tokens(monkeypatch, tmp_path):
    """The whole of ``dev``, but for the socket."""
    from starlette.testclient import TestClient

    from adapters.cli import serving

    monkeypatch.chdir(tmp_path)
    codes: list[int] = []

    def run(made, bound, _ready, **_options):
        for one in bound:
            one.close()
        with TestClient(made, base_url="http://127.0.0.1") as client:
            activity = {
                "type": "message", "id": "1", "channelId": "msteams", "serviceUrl": "http://127.0.0.1:9/", "text": "help",
                "from": {"id": "29:ana", "name": "Ana"}, "recipient": {"id": "28:emulator"},
                "conversation": {"id": "a:1", "conversationType": "personal"},
            }  # fmt: skip
            sent = (activity, {**activity, "serviceUrl": "https://evil.example/"})
            codes.extend(client.post("/api/messages", json=one).status_code for one in sent)

    monkeypatch.setattr(serving, "_run", run)
    done = CliRunner().invoke(app, ["dev", "--teams-unauthenticated", "--port", "0"])
    assert done.exit_code == 0, done.output
    assert codes == [200, 403]
