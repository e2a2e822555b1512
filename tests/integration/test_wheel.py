"""The wheel holds all that is read at run time, and works without the checkout."""

import subprocess
import zipfile

import pytest

from tests.wheel import ROOT, build_wheel, install_wheel

PACKAGES = ("focusflow", "cli", "operational_api", "ingestion", "pipelines", "models", "reports", "dashboard")


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    return build_wheel(tmp_path_factory.mktemp("dist"))


def test_the_wheel_holds_every_file_of_the_packages_and_nothing_else(wheel):
    files = {
        path.relative_to(ROOT).as_posix()
        for package in PACKAGES
        for path in (ROOT / package).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    held = {name for name in zipfile.ZipFile(wheel).namelist() if ".dist-info/" not in name}
    assert held == files


def test_every_module_of_the_command_is_imported_from_the_wheel_alone(wheel, tmp_path):
    python = install_wheel(wheel, tmp_path / "venv")
    empty = tmp_path / "empty"
    empty.mkdir()
    program = (
        "import sys; from importlib import import_module; from cli.main import COMMANDS, commands\n"
        "for name in COMMANDS: commands.get_command(None, name)\n"
        f"print(any({str(ROOT)!r} == path for path in sys.path), import_module('cli').__file__)"
    )
    said = subprocess.run([python, "-c", program], cwd=empty, capture_output=True, text=True, check=True).stdout
    assert said.split() == ["False", str(next((tmp_path / "venv").rglob("cli/__init__.py")))]
