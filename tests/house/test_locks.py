"""The locks answer to pyproject.toml, and an install from them can bring nothing else."""

import re
import tomllib

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

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
