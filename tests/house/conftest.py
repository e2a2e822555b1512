"""What the house tests look at: the checkout as its files."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PARTS = ("focusflow", "cli", "operational_api", "ingestion", "pipelines", "models", "reports", "dashboard")
NOT_OURS = {".git", ".venv", ".focusflow", ".dg", ".hypothesis", "__pycache__", "build", "dist", "node_modules"}


def _files() -> Iterator[Path]:
    for folder, folders, names in os.walk(ROOT):
        folders[:] = [name for name in folders if name not in NOT_OURS and not name.endswith("_cache")]
        yield from (Path(folder, name) for name in names if name != ".env")


@pytest.fixture(scope="session")
def root() -> Path:
    return ROOT


@pytest.fixture(scope="session")
def files() -> list[Path]:
    """Every file that could be in the repository, from the root of the checkout."""
    return sorted(path.relative_to(ROOT) for path in _files())


@pytest.fixture(scope="session")
def modules(files: list[Path]) -> list[Path]:
    """Every Python module of the product."""
    return [path for path in files if path.suffix == ".py" and path.parts[0] in PARTS]
