"""`focusflow up` on a PostgreSQL of others that stands still: what is healthy is not started again."""

import os
import tempfile
import time
from dataclasses import replace
from pathlib import Path

import psutil
import pytest

from cli.supervisor.services import plan_layout
from cli.supervisor.tree import State
from focusflow.database.embedded import embedded_server
from focusflow.database.installation import make_home
from focusflow.settings import Settings
from tests.conftest import copy_home
from tests.e2e.conftest import free_ports
from tests.integration.supervisor.conftest import BRIEFLY, Trees, ticking

SILENT_SECONDS = 4.0


@pytest.fixture
def folder():
    with tempfile.TemporaryDirectory(prefix="focusflow-") as folder:
        Path(folder).chmod(0o711)
        yield Path(folder)


@pytest.mark.fault("database of others frozen under `focusflow up`")
def test_an_api_whose_database_is_frozen_is_left_alone(folder, home_with_database, monkeypatch):
    (port,) = free_ports(1)
    copy_home(home_with_database, folder / "elsewhere")
    with embedded_server(folder / "elsewhere", {"fsync": "off"}) as server:
        monkeypatch.setenv("FOCUSFLOW_DATABASE_URL", server.url)
        settings = Settings(home=folder / "home", api_port=port, _env_file=None)
        make_home(settings.home)
        layout = plan_layout(settings)
        (api,) = (part for part in layout.parts if part.name == "api")
        monkeypatch.setattr(os, "environ", {**os.environ, **layout.environment})
        trees = Trees(settings.home / "logs")
        try:
            tree = trees.tree(api, limits=replace(BRIEFLY, start=90, silent=SILENT_SECONDS))
            tree.start("api")
            ticking(tree, tree.is_ready, seconds=90)
            first = tree.processes()["api"]
            frozen = processes_of(folder / "elsewhere")
            for each in frozen:
                each.suspend()
            try:
                until = time.monotonic() + 3 * SILENT_SECONDS
                ticking(tree, lambda: time.monotonic() > until)
            finally:
                for each in frozen:
                    each.resume()
            assert tree.processes()["api"] == first
            assert [state for _, state in trees.reported] == [State.STARTING, State.READY]
        finally:
            trees.stop_all()


def processes_of(home: Path) -> list[psutil.Process]:
    """The server and its backends."""
    postmaster = psutil.Process(int((home / "postgres/data/postmaster.pid").read_text().splitlines()[0]))
    return [postmaster, *postmaster.children(recursive=True)]
