"""The `focusflow` command. A command is a module beside this one that defines `command`; it is imported when it is needed."""

import os
import sys
import traceback
from importlib import import_module
from keyword import iskeyword
from typing import NoReturn

import click

from cli import exit_codes, lifeline
from cli.groups import Group
from cli.termination import raised_on_signals
from focusflow import __version__
from focusflow.errors import Problem, SetupProblem, Unavailable

#: In the order in which `--help` shows them.
COMMANDS = (
    "up",
    "demo",
    "import",
    "refresh",
    "train",
    "evaluate",
    "models",
    "score",
    "explain",
    "report",
    "bounces",
    "export",
    "export-data",
    "erase",
    "insights",
    "verify",
    "audit",
    "keys",
    "sql",
    "analysts",
    "quarantine",
    "maintain",
    "backup",
    "restore",
    "doctor",
    "status",
    "api",
    "relay",
    "land",
    "refresher",
    "kafka",
    "dagster",
    "dashboard",
    "new",
)


class Commands(Group):
    """Finds a command by the name of its module."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 (click names the parameter)
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002 (likewise)
        if cmd_name not in COMMANDS:
            return None
        module = cmd_name.replace("-", "_") + "_" * iskeyword(cmd_name)  # `import` is no name of a module
        command = import_module(f"cli.commands.{module}").command
        assert isinstance(command, click.Command)
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Suggest the commands that a mistyped name resembles."""
        try:
            return super().resolve_command(ctx, args)
        except click.exceptions.NoSuchCommand as error:
            raise click.exceptions.NoSuchCommand(args[0], possibilities=COMMANDS, ctx=ctx) from error


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, prog_name="focusflow")
def commands() -> None:
    """Self-hosted productivity analytics: tasks, goals, habits and time become numbers, priorities and a weekly report.

    Begin with `focusflow up --demo`.
    """


def main() -> None:
    """Run a command. What a user can repair is one sentence and exit code 1; anything else is a defect and shows its traceback.

    A supervisor is told by the exit code whether starting the process again can help.
    """
    os.umask(0o077)  # whatever a command writes is for the account that runs it
    is_supervised = lifeline.hold()
    try:
        with raised_on_signals():
            commands(prog_name="focusflow")
    except Problem as problem:
        _fail(problem, is_supervised=is_supervised)
    except Exception as error:
        if (damage := _damage_behind(error)) is not None:
            _fail(damage, is_supervised=is_supervised)
        if not is_supervised:
            raise
        traceback.print_exc()
        sys.exit(exit_codes.DEFECT)


def _fail(problem: Problem, *, is_supervised: bool) -> NoReturn:
    click.secho(f"focusflow: {problem}", fg="red", err=True)
    can_pass = isinstance(problem, Unavailable) or not isinstance(problem, SetupProblem)
    sys.exit(exit_codes.TEMPORARY if is_supervised and can_pass else exit_codes.FAILED)


def _damage_behind(error: Exception) -> Problem | None:
    """The damaged table that a library stumbled over, if one is."""
    from focusflow.lake.tables import Lake
    from focusflow.lake.verification import damage_behind
    from focusflow.settings import load_settings
    from pipelines.engine.integrity import is_damage

    return damage_behind(Lake.of(load_settings())) if is_damage(error) else None
