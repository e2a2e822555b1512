"""What `focusflow refresh` refuses before it touches anything."""

import pytest
from click.testing import CliRunner

from focusflow.cli.refresh import command


@pytest.mark.parametrize("days", [["--to", "2026-03-02"], ["--from", "2026-03-03", "--to", "2026-03-02"]])
def test_days_without_a_beginning_before_their_end_are_refused(days):
    refused = CliRunner().invoke(command, days)
    assert refused.exit_code == 2
    assert "--to needs a --from" in refused.output
