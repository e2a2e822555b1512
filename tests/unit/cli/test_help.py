"""Each command shows how it is used."""

import pytest
from click.testing import CliRunner

from cli.main import COMMANDS, commands


@pytest.mark.parametrize("name", COMMANDS)
def test_the_help_of_a_command_has_an_example(name):
    said = CliRunner().invoke(commands, [name, "--help"])
    assert said.exit_code == 0
    assert "Example: " in said.output
    assert f"focusflow {name}" in said.output.partition("Example: ")[2]
