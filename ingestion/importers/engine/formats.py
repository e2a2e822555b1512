"""The formats: every module of `ingestion.importers`."""

import pkgutil
from functools import lru_cache
from importlib import import_module
from types import MappingProxyType
from typing import cast

import ingestion.importers
from focusflow.errors import Invalid
from ingestion.importers.engine.files import Malformed, Upload
from ingestion.importers.engine.records import Format


class UnknownFormat(Invalid):
    """No import format has this name."""


@lru_cache(maxsize=1)
def formats() -> MappingProxyType[str, Format]:
    """The formats by name."""
    names = sorted(each.name for each in pkgutil.iter_modules(ingestion.importers.__path__) if not each.ispkg)
    return MappingProxyType(
        {name: cast(Format, import_module(f"{ingestion.importers.__name__}.{name}")) for name in names}
    )


def find_format(upload: Upload, name: str | None = None) -> str:
    """The name of the upload's format: the one that was given, or the one that recognizes it best."""
    known = formats()
    if name is not None:
        if name not in known:
            raise UnknownFormat(f"{name} is not an import format. There are: {', '.join(known)}.")
        return name
    if not upload.content.strip():
        raise Malformed(f"{upload.name} is empty.")
    score, best = max((each.sniff(upload), name) for name, each in known.items())
    if score == 0:
        raise Malformed(
            f"{upload.name} is of no format that can be imported. Name its format if it is one of: {', '.join(known)}."
        )
    return best
