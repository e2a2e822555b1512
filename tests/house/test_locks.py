"""The locks answer to pyproject.toml, and an install from them can bring nothing else."""

import json
import re
import tomllib
import zipfile
from datetime import UTC, datetime

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from requirements import audit

AGAIN = "run `make lock` and commit what it wrote"


def _pins(root, lock):
    """The versions a lock holds of each package; several where they differ by platform."""
    pins: dict[str, list[str]] = {}
    for name, version in re.findall(
        r"^([\w.-]+)==([^\s;\\]+)", (root / "requirements" / lock).read_text("utf-8"), re.MULTILINE
    ):
        pins.setdefault(canonicalize_name(name), []).append(version)
    return pins


def _wanted(root, lock):
    project = tomllib.loads((root / "pyproject.toml").read_text("utf-8"))
    if lock == "runtime.txt":
        extras = project["project"].get("optional-dependencies", {}).values()
        return [*project["project"]["dependencies"], *(line for extra in extras for line in extra)]
    return project["dependency-groups"][lock.removesuffix(".txt")]


@pytest.mark.parametrize("lock", ["runtime.txt", "bootstrap.txt", "dev.txt"])
def test_each_requirement_is_locked_to_a_version_that_it_allows(root, lock):
    pins = _pins(root, lock)
    for requirement in map(Requirement, _wanted(root, lock)):
        versions = pins.get(canonicalize_name(requirement.name), [])
        assert versions, f"{requirement.name} is not in requirements/{lock}: {AGAIN}"
        assert all(requirement.specifier.contains(version) for version in versions), f"{requirement}: {AGAIN}"


@pytest.mark.parametrize("lock", ["runtime.txt", "bootstrap.txt", "dev.txt"])
def test_each_locked_version_comes_with_hashes_and_from_no_named_place(root, lock):
    text = (root / "requirements" / lock).read_text("utf-8")
    entries = re.findall(r"^[\w.-]+==(?:.*\\\n)*.*", text, re.MULTILINE)
    assert [entry.split()[0] for entry in entries if "--hash=sha256:" not in entry] == []
    assert "://" not in text


def test_the_locks_agree_with_each_other(root):
    runtime, bootstrap, dev = (_pins(root, lock) for lock in ("runtime.txt", "bootstrap.txt", "dev.txt"))
    for one, other in ((runtime, bootstrap), (runtime, dev), (bootstrap, dev)):
        assert {name: one[name] for name in one.keys() & other.keys() if one[name] != other[name]} == {}, AGAIN


#: Modules of libraries that promise nothing about them: what stands in `_private` modules, and what is named here.
UNSTABLE = {"kafka.net": "kafka-python", "streamlit": "streamlit", "dagster_webserver": "dagster-webserver"}


def test_a_library_whose_internals_are_used_has_a_highest_version(root, modules):
    imported = {
        name
        for path in modules
        for name in re.findall(r"^\s*(?:from|import) ([\w.]+)", (root / path).read_text("utf-8"), re.MULTILINE)
    }
    private = {name.partition(".")[0] for name in imported if re.search(r"\._(?!_)", name)}
    unstable = {package for module, package in UNSTABLE.items() if any(name.startswith(module) for name in imported)}
    project = tomllib.loads((root / "pyproject.toml").read_text("utf-8"))["project"]
    capped = {
        requirement.name
        for requirement in map(Requirement, project["dependencies"])
        if any(each.operator in ("<", "<=", "==", "~=") for each in requirement.specifier)
    }
    assert private, "none is found any more"
    assert private | unstable <= capped


def test_no_locked_version_is_affected_by_a_stored_advisory(capsys):
    """The date is that of the newest: their age is a warning of `make audit`, and fails no change."""
    stored = json.loads(audit.STORED.read_text(encoding="utf-8"))
    about = {canonicalize_name(each["package"]["name"]) for one in stored["advisories"] for each in one["affected"]}
    assert about & audit.locked().keys()
    assert audit.report(stored, audit.locked(), datetime.fromisoformat(stored["newest"])) == []


ADVISORY = {"id": "PYSEC-1", "aliases": ["CVE-1"], "modified": "2026-01-02T00:00:00Z"}


@pytest.mark.parametrize(
    ("about", "versions"),
    [
        ({"ranges": [{"type": "ECOSYSTEM", "events": [{"introduced": "0"}, {"fixed": "1.10"}]}]}, {"1.2", "1.9"}),
        ({"ranges": [{"type": "ECOSYSTEM", "events": [{"introduced": "1.9"}, {"last_affected": "1.10"}]}]}, {"1.9", "1.10"}),
        ({"ranges": [{"type": "ECOSYSTEM", "events": [{"introduced": "2.0"}]}]}, {"2.0", "2.1"}),
        ({"ranges": [{"type": "ECOSYSTEM", "events": [{"fixed": "2.1"}, {"introduced": "0"}, {"fixed": "1.9"}, {"introduced": "2.0"}]}]}, {"1.2", "2.0"}),
        ({"ranges": [{"type": "GIT", "events": [{"introduced": "0"}]}], "versions": ["1.9"]}, {"1.9"}),
    ],
)  # fmt: skip
def test_a_locked_version_is_affected_if_an_advisory_says_so(about, versions):
    advisory = ADVISORY | {"affected": [about | {"package": {"name": "Some_Package"}}]}
    pins = {"some-package": {"1.2", "1.9", "1.10", "2.0", "2.1"}, "other": {"1.9"}}
    assert {version for _, version, _ in audit.affected([advisory], pins)} == versions


def test_old_advisories_are_warned_of_and_what_they_affect_is_named(capsys):
    advisory = ADVISORY | {"affected": [{"package": {"name": "a"}, "versions": ["1"]}]}
    stored = {"newest": "2026-01-02T00:00:00+00:00", "advisories": [advisory]}
    assert audit.report(stored, {"a": {"1"}}, datetime(2026, 3, 2, tzinfo=UTC)) == ["a 1: PYSEC-1 CVE-1"]
    said = capsys.readouterr()
    assert "the newest of 2026-01-02" in said.out
    assert "59 days old" in said.err


def test_advisories_are_renewed_from_a_folder_of_yaml_or_a_zip_of_json(tmp_path):
    """Those about other packages and those that were withdrawn are left out, and so is their prose."""
    ours = {"package": {"name": "a", "ecosystem": "PyPI"}, "versions": ["1"]}
    written = {
        "ours": ADVISORY | {"details": "long", "affected": [ours]},
        "other": ADVISORY | {"modified": "2026-02-02T00:00:00Z", "affected": [ours | {"package": {"name": "b", "ecosystem": "PyPI"}}]},
        "withdrawn": ADVISORY | {"withdrawn": "2026-01-03T00:00:00Z", "affected": [ours]},
    }  # fmt: skip
    with zipfile.ZipFile(tmp_path / "all.zip", "w") as archive:
        for name, advisory in written.items():
            archive.writestr(f"{name}.json", json.dumps(advisory))
            (tmp_path / f"{name}.yaml").write_text(json.dumps(advisory), encoding="utf-8")  # JSON is YAML
    for source in (tmp_path, tmp_path / "all.zip"):
        found = audit.renewed(audit.files_of(str(source)), {"a": {"1"}})
        assert found == {"newest": "2026-02-02T00:00:00+00:00", "advisories": [ADVISORY | {"affected": [ours]}]}
    with pytest.raises(SystemExit, match="begins with https"):
        list(audit.files_of("http://127.0.0.1/all.zip"))
