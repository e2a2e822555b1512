"""When a command last ran on this home and how it ended, for `focusflow status`. Kept as a small file under the home."""

import json
from contextlib import suppress
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path


@dataclass(frozen=True, slots=True)
class LastRun:
    at: datetime
    is_well: bool
    sentence: str


def record(home: Path, command: str, run: LastRun) -> None:
    """Replaced as a whole: a reader never sees half a file. A home that cannot be written does not fail the command."""
    file = _file(home, command)
    with suppress(OSError):
        file.parent.mkdir(mode=0o700, exist_ok=True)
        draft = file.with_suffix(".new")
        draft.write_text(json.dumps(asdict(run), default=datetime.isoformat), encoding="utf-8")
        draft.replace(file)


def read(home: Path, command: str) -> LastRun | None:
    """None if it never ran here."""
    with suppress(OSError, ValueError, KeyError):
        kept = json.loads(_file(home, command).read_text(encoding="utf-8"))
        return LastRun(datetime.fromisoformat(kept["at"]), kept["is_well"], kept["sentence"])
    return None


def _file(home: Path, command: str) -> Path:
    return home / "last-runs" / f"{command}.json"
