"""The tree on stand-ins: what dies comes back within bounds, what stops stops in order, and nothing stays."""

import http.server
import os
import signal
import subprocess
import sys
import threading
import time
from dataclasses import replace
from functools import partial

import psutil
import pytest

from cli.supervisor.health import speaks
from cli.supervisor.logs import BYTES, Log
from cli.supervisor.tree import Limits, PartFailed, State
from focusflow.heartbeat import Pulse
from tests.e2e.conftest import free_ports
from tests.unit.supervisor.conftest import BRIEFLY, eventually, part, ticking

STUBBORN = (
    "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('deaf', flush=True); time.sleep(60)"
)
PARENT = (
    "import subprocess, sys, time\n"
    "child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)'])\n"
    "print(child.pid, flush=True); time.sleep(60)"
)


def _said(grove, name, count=1):
    log = Log(grove.logs / f"{name}.log")
    eventually(lambda: len(log.last_lines()) >= count)
    return log.last_lines()


def test_a_part_that_is_killed_is_started_again(grove):
    tree = grove.ready(part("land"))
    first = tree.processes()["land"]
    os.kill(first.pid, signal.SIGKILL)
    ticking(tree, lambda: tree.is_ready() and tree.processes().get("land") not in (None, first))
    assert [state for _, state in grove.told] == [State.STARTING, State.READY, State.DIED, State.STARTING, State.READY]


SERVER = """
import http.server, os
class Answer(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response({status}); self.end_headers()
    def log_message(self, *_): pass
http.server.HTTPServer(("127.0.0.1", {port}), Answer).serve_forever()
"""


def test_a_part_that_stands_still_without_dying_is_started_again(grove):
    (port,) = free_ports(1)
    limits = Limits(ready_seconds=10, stop_seconds=2, listen_seconds=0.05, silent_seconds=0.2)
    api = part("api", SERVER.format(status=200, port=port), f"http://127.0.0.1:{port}/health/ready")
    tree = grove.ready(api, limits=limits)
    first = tree.processes()["api"]
    os.kill(first.pid, signal.SIGSTOP)
    ticking(tree, lambda: tree.is_ready() and tree.processes().get("api") not in (None, first))
    states = [state for _, state in grove.told]
    assert states == [State.STARTING, State.READY, State.SILENT, State.DIED, State.STARTING, State.READY]


TURNING = "import time; from focusflow.heartbeat import Pulse; beat = Pulse('land').of('land')\nwhile True: beat(); time.sleep(0.02)"


def test_a_part_whose_pulse_stands_still_is_started_again(grove):
    limits = replace(BRIEFLY, listen_seconds=0.05, pulseless_seconds=2)
    tree = grove.ready(part("land", TURNING, has_pulse=True), limits=limits)
    first = tree.processes()["land"]
    eventually((grove.logs / "land.pulse").exists)
    os.kill(first.pid, signal.SIGSTOP)
    ticking(tree, lambda: tree.is_ready() and tree.processes().get("land") not in (None, first))
    states = [state for _, state in grove.told]
    assert states == [State.STARTING, State.READY, State.SILENT, State.DIED, State.STARTING, State.READY]


def test_a_part_that_has_a_pulse_is_left_alone(grove):
    tree = grove.ready(part("land", TURNING, has_pulse=True), limits=replace(BRIEFLY, listen_seconds=0.05))
    member = tree._members["land"]
    first = member.heard_at
    ticking(tree, lambda: member.heard_at > first)


def test_a_pulse_beats_when_all_its_loops_have_turned(tmp_path, monkeypatch):
    file = tmp_path / "pulse"
    monkeypatch.setenv("FOCUSFLOW_PULSE_FILE", str(file))
    pulse = Pulse("relay", "inbox")
    for _ in range(3):
        pulse.of("relay")()
    assert not file.exists()
    pulse.of("inbox")()
    assert file.exists()


def test_a_part_that_says_that_something_is_away_is_left_alone(grove, monkeypatch):
    (port,) = free_ports(1)
    limits = Limits(ready_seconds=10, stop_seconds=2, listen_seconds=0.01, silent_seconds=0.05)
    monkeypatch.setattr("cli.supervisor.tree.answers", speaks)
    api = part("api", SERVER.format(status=503, port=port), f"http://127.0.0.1:{port}/health/ready")
    tree = grove.ready(api, limits=limits)
    first, until = tree.processes()["api"], time.monotonic() + 0.5
    ticking(tree, lambda: time.monotonic() > until)
    assert tree.processes()["api"] == first


def test_what_a_dead_part_leaves_behind_is_gone_before_it_starts_again(grove):
    tree = grove.ready(part("dagster", PARENT))
    left_behind = psutil.Process(int(_said(grove, "dagster")[0]))
    os.kill(tree.processes()["dagster"].pid, signal.SIGKILL)
    ticking(tree, lambda: State.DIED in dict(map(reversed, grove.told)))
    eventually(lambda: not left_behind.is_running() or left_behind.status() == psutil.STATUS_ZOMBIE)


def test_a_part_that_dies_too_often_ends_it_all_with_its_last_words(grove):
    limits = Limits(deaths=2, settled_seconds=0.05, window_seconds=60)
    tree = grove.ready(
        part("api", "import os, time; print('no memory left', flush=True); time.sleep(0.3); os.abort()"), limits=limits
    )
    with pytest.raises(PartFailed, match=r"(?s)`focusflow api` died 3 times within 60 s.*no memory left"):
        ticking(tree, lambda: False)


def _is_back(tree, before):
    return tree.is_ready() and tree.processes().get("api") not in (None, before)


def test_deaths_long_ago_are_forgiven(grove):
    limits = Limits(deaths=1, settled_seconds=0.02, window_seconds=0.5)
    tree = grove.ready(part("api"), limits=limits)
    for _ in range(3):
        before = tree.processes()["api"]
        os.kill(before.pid, signal.SIGKILL)
        ticking(tree, partial(_is_back, tree, before))
        time.sleep(0.6)


def test_a_part_that_says_at_once_that_it_cannot_run_is_not_started_again(grove):
    tree = grove.tree(part("api", "import sys; sys.exit('focusflow: The home cannot be used.')"), limits=Limits())
    tree.start("api")
    with pytest.raises(PartFailed, match=r"(?s)ended with exit code 1.*The home cannot be used"):
        ticking(tree, lambda: False)
    assert grove.told == [("api", State.STARTING)]


def test_a_part_that_never_answers_is_given_up(grove):
    tree = grove.tree(part("api", health="http://127.0.0.1:9/health"), limits=Limits(ready_seconds=0.3))
    tree.start("api")
    with pytest.raises(PartFailed, match="was not ready within 0 s"):
        ticking(tree, lambda: False)


def test_a_part_is_ready_when_its_address_answers_200(grove):
    class Answers(http.server.BaseHTTPRequestHandler):
        status = 503

        def do_GET(self):
            self.send_response(self.status)
            self.end_headers()

        def log_message(self, *_):
            pass

    with http.server.HTTPServer(("127.0.0.1", 0), Answers) as server:
        threading.Thread(target=partial(server.serve_forever, 0.01), daemon=True).start()
        tree = grove.tree(part("api", health=f"http://127.0.0.1:{server.server_port}/health/ready"))
        tree.start("api")
        time.sleep(0.1)
        tree.tick()
        assert not tree.is_ready()
        Answers.status = 200
        ticking(tree, tree.is_ready)
        server.shutdown()


def test_parts_are_stopped_one_after_the_other_in_their_order(grove):
    tree = grove.ready(part("dashboard"), part("dagster"), part("api"), part("land"))
    grove.told.clear()
    grove.fell(tree)
    names = ("dashboard", "dagster", "api", "land")
    assert grove.told == [(name, state) for name in names for state in (State.STOPPING, State.STOPPED)]


def test_who_does_not_stop_when_asked_is_killed_after_a_while(grove):
    tree = grove.ready(part("api", STUBBORN), limits=Limits(settled_seconds=0.05, stop_seconds=0.5))
    _said(grove, "api")
    process = tree.processes()["api"]
    begun = time.monotonic()
    grove.fell(tree)
    assert 0.5 <= time.monotonic() - begun < 2
    assert not process.is_alive


def test_who_does_not_stop_when_asked_is_killed_at_once_when_it_is_urgent(grove):
    grove.ready(part("api", STUBBORN), limits=Limits(settled_seconds=0.05, stop_seconds=30))
    _said(grove, "api")
    begun = time.monotonic()
    grove.fell_all()
    assert time.monotonic() - begun < 2


def test_the_children_end_when_the_one_that_started_them_is_killed(tmp_path):
    holding = "from cli import lifeline; lifeline.hold(); import time; print('held', flush=True); time.sleep(60)"
    starter = (
        "import os, sys, time; from pathlib import Path; from cli.supervisor.tree import Part, Tree\n"
        f"part = Part('api', (sys.executable, '-c', {holding!r}))\n"
        f"tree = Tree([part], logs=Path({str(tmp_path)!r}), environment=dict(os.environ), tell=lambda *_: None)\n"
        "tree.start('api'); print(tree.processes()['api'].pid, flush=True); time.sleep(60)"
    )
    with subprocess.Popen([sys.executable, "-c", starter], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        child = psutil.Process(int(process.stdout.readline()))
        eventually(lambda: Log(tmp_path / "api.log").last_lines() == ["held"])
        process.kill()
    eventually(lambda: not child.is_running() or child.status() == psutil.STATUS_ZOMBIE)


def test_a_log_that_has_grown_long_is_kept_once_and_begun_anew(grove):
    log = Log(grove.logs / "api.log")
    os.close(log.opened())
    log.path.write_text("x" * BYTES + "\nthe end\n")
    tree = grove.ready(part("api", "print('anew', flush=True); import time; time.sleep(60)"), limits=BRIEFLY)
    assert _said(grove, "api") == ["anew"]
    assert log.path.with_name("api.log.1").read_text().endswith("the end\n")
    grove.fell(tree)
