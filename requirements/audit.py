"""Compare the locks with the stored advisories, or renew these from a copy of the Python Packaging Advisory Database.

What is stored is in OSV format, and only about packages of the locks: `make audit` works without the network, and a test runs it with every change.
"""

import argparse
import json
import os
import re
import sys
import zipfile
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path
from typing import Any
from urllib.request import urlopen

from packaging.utils import canonicalize_name
from packaging.version import Version

Advisory = Mapping[str, Any]

FOLDER = Path(__file__).parent
STORED = FOLDER / "advisories" / "python.json"
LOCKS = ("runtime.txt", "bootstrap.txt", "dev.txt")

#: The address or path to renew from: a folder or ZIP of YAML or JSON files, one advisory each.
SOURCE = "ADVISORIES_SOURCE"

#: What is read at the source, by an advisory's id.
PROSE = frozenset(("details", "references", "credits"))

#: Advisories that are older are still compared, with a warning: newer ones are not known.
OLD_DAYS = 30


def locked(folder: Path = FOLDER) -> dict[str, set[str]]:
    """The versions of each package in the locks."""
    pins: dict[str, set[str]] = {}
    for lock in LOCKS:
        text = (folder / lock).read_text(encoding="utf-8")
        for name, version in re.findall(r"^([\w.-]+)==([^\s;\\]+)", text, re.MULTILINE):
            pins.setdefault(canonicalize_name(name), set()).add(version)
    return pins


def affected(advisories: Iterable[Advisory], pins: Mapping[str, Iterable[str]]) -> Iterator[tuple[str, str, Advisory]]:
    """Each package and version that an advisory is about."""
    for advisory in advisories:
        for about in advisory["affected"]:
            for version in sorted(pins.get(_package(about), ())):
                if _is_affected(version, about):
                    yield _package(about), version, advisory


def _package(about: Mapping[str, Any]) -> str:
    return canonicalize_name(about["package"]["name"])


def _is_affected(version: str, about: Mapping[str, Any]) -> bool:
    ranges = [each["events"] for each in about.get("ranges", ()) if each["type"] == "ECOSYSTEM"]
    return version in about.get("versions", ()) or any(_is_within(Version(version), events) for events in ranges)


def _is_within(version: Version, events: Iterable[Mapping[str, str]]) -> bool:
    """Whether the last event at or before the version says that it is affected.

    >>> [_is_within(Version(each), [{"introduced": "0"}, {"fixed": "1.2"}, {"introduced": "2.0"}]) for each in ("1.1", "1.2", "2.1")]
    [True, False, True]
    """
    is_within = False
    for event in sorted(events, key=lambda event: Version(*event.values())):
        ((kind, at),) = event.items()
        if kind == "last_affected":
            is_within = is_within and version <= Version(at)
        elif version >= Version(at):
            is_within = kind == "introduced"
    return is_within


def report(stored: Mapping[str, Any], pins: Mapping[str, Iterable[str]], now: datetime) -> list[str]:
    """One line for each locked version that is affected."""
    found = affected(stored["advisories"], pins)
    lines = (
        f"{name} {version}: {each['id']} {' '.join(each.get('aliases', ()))}".rstrip() for name, version, each in found
    )
    days = (now - datetime.fromisoformat(stored["newest"])).days
    print(
        f"Stored advisories: {len(stored['advisories'])} about locked packages, the newest of {stored['newest'][:10]}."
    )
    if days > OLD_DAYS:
        print(
            f"They are {days} days old: what was published since is not known. `make advisories` renews them.",
            file=sys.stderr,
        )
    return sorted(lines)


def renewed(files: Iterable[tuple[str, bytes]], pins: Mapping[str, Iterable[str]]) -> dict[str, Any]:
    """The advisories about locked packages, and the date of the newest about any."""
    about_ours, newest = [], datetime.min.replace(tzinfo=UTC)
    for name, content in files:
        advisory = _read(name, content)
        if "affected" not in advisory:
            continue  # not an advisory
        newest = max(newest, datetime.fromisoformat(advisory["modified"]))
        theirs = [
            each for each in advisory["affected"] if _package(each) in pins and each["package"]["ecosystem"] == "PyPI"
        ]
        if theirs and "withdrawn" not in advisory:
            kept = {key: value for key, value in advisory.items() if key not in PROSE}
            about_ours.append({**kept, "affected": [_without_implied(each) for each in theirs]})
    if not about_ours:
        raise SystemExit("The source holds no advisory about a locked package, so nothing was stored.")
    return {"newest": newest.isoformat(), "advisories": sorted(about_ours, key=lambda each: each["id"])}


def _read(name: str, content: bytes) -> dict[str, Any]:
    if name.endswith(".json"):
        return dict(json.loads(content))
    import yaml  # is not there where only `make audit` runs

    return dict(yaml.load(content, Loader=yaml.BaseLoader))  # noqa: S506 (builds texts, lists and mappings only)


def _without_implied(about: Mapping[str, Any]) -> dict[str, Any]:
    """Without the list of the versions where a range says the same."""
    has_range = any(each["type"] == "ECOSYSTEM" for each in about.get("ranges", ()))
    return {key: value for key, value in about.items() if not (key == "versions" and has_range)}


def files_of(source: str) -> Iterator[tuple[str, bytes]]:
    """The files of a folder, of a ZIP, or of a ZIP at an address."""
    if (folder := Path(source)).is_dir():
        paths = sorted(path for path in folder.rglob("*") if path.suffix in (".yaml", ".json"))
        yield from ((path.name, path.read_bytes()) for path in paths)
        return
    if "://" in source and not source.startswith("https://"):
        raise SystemExit(f"{SOURCE} must be a path, or an address that begins with https://.")
    with urlopen(source, timeout=60) if "://" in source else folder.open("rb") as file:  # noqa: S310 (https, as checked)
        archive = zipfile.ZipFile(BytesIO(file.read()))
    for name in archive.namelist():
        if name.endswith((".yaml", ".json")):
            yield name, archive.read(name)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--renew",
        metavar="SOURCE",
        nargs="?",
        const=os.environ.get(SOURCE, ""),
        help=f"Store the advisories of a source; defaults to {SOURCE}.",
    )
    given = parser.parse_args()
    pins = locked()
    if given.renew is not None:
        if not given.renew:
            parser.error(f"Name the source, or set {SOURCE}.")
        fresh = renewed(files_of(given.renew), pins)
        lines = ",\n".join(json.dumps(each, ensure_ascii=False, sort_keys=True) for each in fresh["advisories"])
        STORED.write_text(f'{{"newest": "{fresh["newest"]}", "advisories": [\n{lines}\n]}}\n', encoding="utf-8")
    found = report(json.loads(STORED.read_text(encoding="utf-8")), pins, datetime.now(UTC))
    for line in found:
        print(line)
    if not found:
        print("No locked version is affected.")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
