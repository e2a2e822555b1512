"""An S3-compatible object store, in which the lake and backups can be kept.

A file is there as a whole or not at all, and the store answers a write only when it is durable.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Final, Self
from urllib.parse import urlsplit

from focusflow.errors import SetupProblem, Unavailable
from focusflow.settings import Settings

SCHEME = "s3://"
CONNECT_SECONDS, ANSWER_SECONDS = 10, 60

#: So often and so long Delta Lake tries again. A service that fails then is tried again by itself, and says so meanwhile.
RETRIES, RETRY_SECONDS = 5, 30

#: What a connection of DuckDB reads stores with, of each that this process has opened: none where the lake is a folder.
file_systems: Final[list[Any]] = []


@dataclass(frozen=True)
class ObjectStore:
    """How a store is reached. Without keys, they are found as Amazon's tools find them. Paths begin with the name of the bucket."""

    region: str
    endpoint: str | None = None
    access_key: str | None = None
    secret_key: str | None = field(default=None, repr=False)

    @classmethod
    def of(cls, settings: Settings) -> Self:
        secret = settings.s3_secret_key.get_secret_value() if settings.s3_secret_key else None
        keys = (settings.s3_access_key, secret) if settings.s3_access_key and secret else (None, None)
        return cls(settings.s3_region, settings.s3_endpoint, *keys)

    @cached_property
    def files(self) -> Any:
        """The store as a file system of Arrow."""
        from pyarrow import fs

        endpoint = urlsplit(self.endpoint or "")
        how: dict[str, Any] = {"connect_timeout": CONNECT_SECONDS, "request_timeout": ANSWER_SECONDS}
        if endpoint.netloc:
            how |= {"scheme": endpoint.scheme, "endpoint_override": endpoint.netloc}
        if self.access_key:
            how |= {"access_key": self.access_key, "secret_key": self.secret_key}
        return fs.S3FileSystem(region=self.region, **how)

    @property
    def options(self) -> dict[str, str]:
        """The same for Polars."""
        how = {"aws_region": self.region}
        if self.endpoint:
            how |= {"aws_endpoint_url": self.endpoint, "aws_allow_http": str(self.endpoint.startswith("http:")).lower()}
        if self.access_key and self.secret_key:
            how |= {"aws_access_key_id": self.access_key, "aws_secret_access_key": self.secret_key}
        return how

    @property
    def delta_options(self) -> dict[str, str]:
        """The same for Delta Lake. A log entry is written only where there is none: of two writers, one is refused."""
        return self.options | {
            "aws_conditional_put": "etag",
            "connect_timeout": f"{CONNECT_SECONDS}s",
            "timeout": f"{ANSWER_SECONDS}s",
            "max_retries": str(RETRIES),
            "retry_timeout": f"{RETRY_SECONDS}s",
        }

    def info(self, path: str) -> Any | None:
        """Size and time of a file; None where there is none."""
        with self.answers(path):
            found = self.files.get_file_info(path)
        return found if found.is_file else None

    def listed(self, folder: str, *, is_recursive: bool) -> list[Any]:
        """What is in a folder; nothing where there is none."""
        from pyarrow import fs

        selected = fs.FileSelector(folder.rstrip("/"), allow_not_found=True, recursive=is_recursive)
        with self.answers(folder):
            return list(self.files.get_file_info(selected))

    def read(self, path: str) -> bytes:
        """The content, or FileNotFoundError."""
        with self.answers(path), self.files.open_input_stream(path) as file:
            content: bytes = file.read()
        return content

    def write(self, path: str, content: bytes) -> None:
        with self.answers(path), self.files.open_output_stream(path) as file:
            file.write(content)

    def delete(self, path: str) -> None:
        with self.answers(path):
            self.files.delete_file(path)

    def delete_folder(self, path: str) -> None:
        with self.answers(path):
            self.files.delete_dir(path)

    @contextmanager
    def answers(self, path: str) -> Iterator[None]:
        """Raise a problem that names the place where the store does not do as it was asked."""
        try:
            yield
        except FileNotFoundError:
            raise
        except OSError as error:
            reason = str(error).strip().rstrip(".")[-300:]
            raise Unavailable(
                f"The store {SCHEME}{path} did not do as it was asked: {reason}. Check FOCUSFLOW_S3_ENDPOINT, the keys and the bucket."
            ) from error


def path_of(address: str) -> str:
    """The bucket and folder that an address names.

    >>> path_of("s3://bucket/folder/")
    'bucket/folder'
    """
    where = urlsplit(address)
    if not where.netloc:
        raise SetupProblem(f"{address} names no bucket. Write s3://bucket/folder.")
    return f"{where.netloc}{where.path}".rstrip("/")
