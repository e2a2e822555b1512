"""An S3-compatible store over HTTP, with one empty bucket."""

import subprocess
import sys
from collections.abc import Iterator
from subprocess import PIPE
from typing import Any

import boto3
import pytest

BUCKET = "backups"


#: In a process of its own: Delta Lake waits for some answers without letting other threads of Python run.
SERVER = """
import sys
from moto.server import ThreadedMotoServer
server = ThreadedMotoServer("127.0.0.1", port=0, verbose=False)
server.start()
print(server.get_host_and_port()[1], flush=True)
sys.stdin.read()
"""


@pytest.fixture(scope="session")
def endpoint() -> Iterator[str]:
    command = [sys.executable, "-c", SERVER]
    with subprocess.Popen(command, stdin=PIPE, stdout=PIPE, stderr=subprocess.DEVNULL, text=True) as server:
        assert server.stdout
        assert server.stdin
        yield f"http://127.0.0.1:{server.stdout.readline().strip()}"
        server.stdin.close()
        server.kill()


@pytest.fixture
def bucket(endpoint: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """An empty one, and the settings that lead there."""
    for name, value in {"ENDPOINT": endpoint, "ACCESS_KEY": "key", "SECRET_KEY": "secret"}.items():
        monkeypatch.setenv(f"FOCUSFLOW_S3_{name}", value)
    client = boto3.resource(
        "s3", endpoint_url=endpoint, aws_access_key_id="key", aws_secret_access_key="secret", region_name="us-east-1"
    )
    bucket = client.create_bucket(Bucket=BUCKET)
    yield bucket
    bucket.objects.all().delete()
    bucket.delete()
    client.meta.client.close()


def keys(bucket: Any, part: str = "") -> set[str]:
    return {each.key for each in bucket.objects.all() if part in each.key and not each.key.endswith("/")}
