"""Each command shows how it is used."""

import os
from pkgutil import iter_modules

import click
import pytest
from click.testing import CliRunner

import cli.commands
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


def paths(command=commands, path=()):
    """All commands, those below others too."""
    yield path
    if isinstance(command, click.Group):
        context = click.Context(command)
        for name in command.list_commands(context):
            yield from paths(command.get_command(context, name), (*path, name))


@pytest.mark.parametrize("path", [*paths()], ids=" ".join)
def test_help_fits_a_terminal_and_is_not_cut(path):
    shown = CliRunner().invoke(commands, [*path, "--help"])
    assert shown.exit_code == 0
    assert "..." not in shown.output.replace("[ARGS]...", "")
    assert max(map(len, shown.output.splitlines())) <= 80


def test_every_module_of_a_command_is_a_command():
    modules = {module.name.rstrip("_").replace("_", "-") for module in iter_modules(cli.commands.__path__)}
    assert modules == set(COMMANDS)


@pytest.mark.parametrize(("typed", "meant"), [("stauts", "status"), ("doctr", "doctor"), ("dashbord", "dashboard")])
def test_a_mistyped_command_is_answered_with_the_one_that_it_resembles(typed, meant):
    said = CliRunner().invoke(commands, [typed])
    assert said.exit_code == 2
    assert f"Did you mean '{meant}'?" in said.output
