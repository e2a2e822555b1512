"""How a long-running command speaks."""

import json
import logging

from cli.long_running import Lines


def test_a_line_for_programs_holds_what_was_said_beside_the_message():
    record = logging.makeLogRecord(
        {
            "name": "focusflow.requests",
            "levelname": "INFO",
            "msg": "%s %s",
            "args": ("GET", 200),
            "request_id": "abc",
            "status": 200,
        }
    )
    said = json.loads(Lines().format(record))
    assert (said["message"], said["request_id"], said["status"], said["level"]) == ("GET 200", "abc", 200, "INFO")
    assert "\n" not in Lines().format(record)


def test_a_defect_is_one_line_too():
    error = ValueError("told\nin two lines")
    record = logging.makeLogRecord({"msg": "failed", "exc_info": (ValueError, error, None)})
    line = Lines().format(record)
    assert "\n" not in line
    assert "ValueError" in json.loads(line)["exception"]
