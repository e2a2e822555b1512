"""An S3-compatible store over HTTP, with one empty bucket."""

from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from moto.server import ThreadedMotoServer

BUCKET = "backups"


@pytest.fixture(scope="module")
def endpoint() -> Iterator[str]:
    server = ThreadedMotoServer("127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


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
