"""What Arrow loads."""

import sys
from typing import Any

import pyarrow as pa


class _Missing:
    """Finds no pandas."""

    @staticmethod
    def find_spec(name: str, *_: Any) -> None:
        if name == "pandas":
            raise ModuleNotFoundError(name=name)


def skip_pandas() -> None:
    """Keep pandas out of a process that has no use for it. To see whether a value is one of pandas, pyarrow imports it once where it is installed:
    20 MiB, and the better part of a second.
    """
    sys.meta_path.insert(0, _Missing)
    try:
        pa.array([0])
    finally:
        sys.meta_path.remove(_Missing)
