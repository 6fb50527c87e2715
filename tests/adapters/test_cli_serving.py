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
