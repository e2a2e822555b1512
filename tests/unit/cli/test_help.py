"""Each command shows how it is used."""

import os

import pytest
from click.testing import CliRunner

from cli.main import COMMANDS, commands, main


@pytest.mark.parametrize("name", COMMANDS)
def test_the_help_of_a_command_has_an_example(name):
    said = CliRunner().invoke(commands, [name, "--help"])
    assert said.exit_code == 0
    assert "Example: " in said.output
    assert f"focusflow {name}" in said.output.partition("Example: ")[2]


def test_what_a_command_writes_is_for_the_account_that_runs_it(monkeypatch):
    before = os.umask(0o022)
    try:
        monkeypatch.setattr("sys.argv", ["focusflow", "--version"])
        with pytest.raises(SystemExit):
            main()
        assert os.umask(0o022) == 0o077
    finally:
        os.umask(before)


def test_the_list_of_commands_shows_whole_sentences():
    _, _, said = CliRunner().invoke(commands, ["--help"]).output.partition("Commands:")
    assert "..." not in said
    assert all(f"\n  {name} " in said for name in COMMANDS)


@pytest.mark.parametrize(("typed", "meant"), [("stauts", "status"), ("doctr", "doctor"), ("dashbord", "dashboard")])
def test_a_mistyped_command_is_answered_with_the_one_that_it_resembles(typed, meant):
    said = CliRunner().invoke(commands, [typed])
    assert said.exit_code == 2
    assert f"Did you mean '{meant}'?" in said.output
