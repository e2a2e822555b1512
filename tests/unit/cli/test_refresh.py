"""What `focusflow refresh` refuses before it touches anything."""

import pytest
from click.testing import CliRunner

from cli.commands.refresh import command


@pytest.mark.parametrize(
    ("days", "sentence"),
    [
        (["--to", "2026-03-02"], "--to needs a --from."),
        (["--from", "2026-03-03", "--to", "2026-03-02"], "--to 2026-03-02 is before --from 2026-03-03."),
        (["--from", "9998-01-01"], "--from 9998-01-01 is in the future: nothing to compute yet."),
        (["--from", "yesterday"], "Invalid value for '--from': yesterday is not a day. Write it like 2026-01-31."),
        (["--from", "2026-02-30"], "Invalid value for '--from': 2026-02-30 is not a day. Write it like 2026-01-31."),
    ],
)
def test_days_that_no_refresh_could_compute_are_refused_in_a_sentence(days, sentence):
    refused = CliRunner().invoke(command, days)
    assert refused.exit_code == 2
    assert f"Error: {sentence}\n" in refused.output
