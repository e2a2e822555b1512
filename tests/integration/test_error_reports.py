"""Errors are reported to a service that speaks Sentry's protocol, without anything of users."""

import os
import subprocess
import sys
import zlib

import brotli
import pytest

CRASH = """
import logging
from cli.long_running import configure_logging
from focusflow.log_context import REQUEST_ID
from focusflow.settings import load_settings

configure_logging(load_settings())
REQUEST_ID.set("4b825dc642cb6eb9a060e54bf8d69288")
title = "A secret title"
try:
    raise ValueError(f"Key (title)=({title}) is there already")
except ValueError:
    logging.getLogger("focusflow.requests").exception("%s %s failed", "POST", "/api/v1/tasks")
logging.getLogger("focusflow").warning("a warning is none")
raise RuntimeError(title)
"""


def content(headers, body):
    if headers.get("Content-Encoding") == "br":
        return brotli.decompress(body)
    return zlib.decompress(body, 31) if headers.get("Content-Encoding") == "gzip" else body


@pytest.fixture
def reports(receiver, tmp_path):
    """What a process that logs an error and ends by another sends."""

    def run(**settings):
        clean = {name: value for name, value in os.environ.items() if not name.startswith("FOCUSFLOW_")}
        environment = {**clean, "FOCUSFLOW_HOME": str(tmp_path), **settings}
        done = subprocess.run(
            [sys.executable, "-c", CRASH], env=environment, capture_output=True, timeout=60, check=False
        )
        assert done.returncode == 1
        assert b"RuntimeError" in done.stderr
        return [content(headers, body) for _, headers, body in receiver.received]

    return run


def test_errors_are_reported_without_texts_and_values(reports, receiver):
    sent = reports(FOCUSFLOW_SENTRY_DSN=receiver.url("/1").replace("http://", "http://key@"))
    together = b"".join(sent)
    assert b'"ValueError"' in together
    assert b'"RuntimeError"' in together
    assert b"4b825dc642cb6eb9a060e54bf8d69288" in together
    assert b"a warning is none" not in together
    for private in (b"secret title", os.uname().nodename.encode(), b"sys.argv"):
        assert private not in together


def test_without_a_dsn_nothing_is_sent(reports):
    assert reports() == []
