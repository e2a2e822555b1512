"""How a long-running command speaks."""

import asyncio
import json
import logging

from cli.long_running import Lines


def test_a_line_for_programs_holds_the_fields_beside_the_message():
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


def test_each_json_line_of_a_request_carries_its_id_also_from_a_thread():
    import anyio.to_thread

    from operational_api.http.middleware import RequestMiddleware

    lines, answers = [], []

    def work():
        lines.append(json.loads(Lines().format(logging.makeLogRecord({"name": "somewhere", "msg": "deep inside"}))))

    async def app(scope, receive, send):
        await anyio.to_thread.run_sync(work)
        await send({"type": "http.response.start", "status": 204, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    async def receive():
        return {"type": "http.disconnect"}

    async def send(message):
        answers.append(message)

    for _ in range(2):
        scope = {"type": "http", "method": "GET", "headers": [], "path": "/"}
        asyncio.run(RequestMiddleware(app, is_https=False, strict_transport=b"")(scope, receive, send))
    ids = [dict(answer["headers"])[b"x-request-id"].decode() for answer in answers if "headers" in answer]
    assert [line["request_id"] for line in lines] == ids
    assert ids[0] != ids[1]
    assert "request_id" not in json.loads(Lines().format(logging.makeLogRecord({"msg": "outside"})))
