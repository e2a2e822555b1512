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

from cli import exit_codes
from cli.supervisor.logs import BYTES, Log
from cli.supervisor.tree import Part, PartFailed, State
from tests.e2e.conftest import free_ports
from tests.integration.supervisor.conftest import BRIEFLY, eventually, part, ticking

STUBBORN = (
    "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('deaf', flush=True); time.sleep(60)"
)
PARENT = (
    "import subprocess, sys, time\n"
    "child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)'])\n"
    "print(child.pid, flush=True); time.sleep(60)"
)


def _output(trees, name, count=1):
    log = Log(trees.logs / f"{name}.log")
    eventually(lambda: len(log.last_lines()) >= count)
    return log.last_lines()


def test_a_part_that_is_killed_is_started_again(trees):
    tree = trees.ready(part("land"))
    first = tree.processes()["land"]
    os.kill(first.pid, signal.SIGKILL)
    ticking(tree, lambda: tree.is_ready() and tree.processes().get("land") not in (None, first))
    states = [state for _, state in trees.reported]
    assert states == [State.STARTING, State.READY, State.ENDED, State.STARTING, State.READY]
    assert trees.details[0].startswith("was ended by SIGKILL; starts again in 0.1 s.")


SERVER = """
import http.server, os
class Answer(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response({status}); self.end_headers()
    def log_message(self, *_): pass
http.server.HTTPServer(("127.0.0.1", {port}), Answer).serve_forever()
"""


def server(**how):
    (port,) = free_ports(1)
    return part("api", SERVER.format(port=port, **how), f"http://127.0.0.1:{port}/health/ready")


RESTARTED = [State.STARTING, State.READY, State.SILENT, State.ENDED, State.STARTING, State.READY]


def test_a_part_that_stands_still_without_dying_is_started_again(trees):
    tree = trees.ready(server(status=200))
    first = tree.processes()["api"]
    os.kill(first.pid, signal.SIGSTOP)
    ticking(tree, lambda: _is_back(tree, first))
    assert [state for _, state in trees.reported] == RESTARTED


def test_one_that_hangs_does_not_keep_the_supervisor_from_looking_after_others(trees, monkeypatch):
    goes_on = threading.Event()
    tree = trees.ready(server(status=200), part("land"), limits=replace(BRIEFLY, silent=60))
    monkeypatch.setattr("cli.supervisor.tree.responds", lambda _: goes_on.wait(60))
    first = tree.processes()["land"]
    try:
        ticking(tree, lambda: tree._members["api"].question is not None)
        os.kill(first.pid, signal.SIGKILL)
        ticking(tree, lambda: _is_back(tree, first, "land"))
        assert not goes_on.is_set()
        assert tree.unready() == []
    finally:
        goes_on.set()


LOOP = """
import time
from focusflow.heartbeat import Heartbeat
beat = Heartbeat('land').of('land')
while True: beat(has_worked={has_worked}); time.sleep(0.02)
"""


def test_a_part_whose_heartbeat_stops_is_started_again(trees):
    land = part("land", LOOP.format(has_worked=True), has_heartbeat=True)
    tree = trees.ready(land, limits=replace(BRIEFLY, heartbeat=2))
    first = tree.processes()["land"]
    os.kill(first.pid, signal.SIGSTOP)
    ticking(tree, lambda: _is_back(tree, first, "land"))
    assert [state for _, state in trees.reported] == RESTARTED


def test_a_part_whose_loop_turns_without_doing_its_work_is_not_ready_and_is_left_alone(trees):
    land = part("land", "print('No broker answers.', flush=True)" + LOOP.format(has_worked=False), has_heartbeat=True)
    tree = trees.tree(land, limits=replace(BRIEFLY, start=1, heartbeat=5))
    tree.start("land")
    first = tree.processes()["land"]
    ticking(tree, lambda: ("land", State.WAITING) in trees.reported)
    assert "No broker answers." in trees.details[0]
    assert tree.unready() == ["land"]
    assert tree.processes()["land"] == first


def test_the_heartbeat_of_an_earlier_process_does_not_make_a_part_ready(trees):
    trees.logs.mkdir()
    (trees.logs / "land.heartbeat").write_text("ready")
    tree = trees.tree(part("land", has_heartbeat=True))
    tree.start("land")
    for _ in range(5):
        tree.tick()
        time.sleep(0.05)
    assert tree.unready() == ["land"]


LIVE = """
import http.server, os
class Answer(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        if self.path == "/health/live" or not os.path.exists({frozen!r}):
            self.send_response(200); self.end_headers()
        else:
            import time; time.sleep(60)
    def log_message(self, *_): pass
http.server.ThreadingHTTPServer(("127.0.0.1", {port}), Answer).serve_forever()
"""


def test_a_part_that_lives_is_left_alone_while_its_readiness_hangs(trees, tmp_path):
    (port,) = free_ports(1)
    frozen, address = tmp_path / "frozen", f"http://127.0.0.1:{port}"
    program = LIVE.format(port=port, frozen=str(frozen))
    api = Part("api", (sys.executable, "-c", program), f"{address}/health/ready", f"{address}/health/live")
    tree = trees.ready(api)
    first = tree.processes()["api"]
    frozen.touch()
    until = time.monotonic() + 4 * BRIEFLY.silent
    ticking(tree, lambda: time.monotonic() > until)
    assert tree.processes()["api"] == first
    assert [state for _, state in trees.reported] == [State.STARTING, State.READY]


def test_what_a_dead_part_leaves_behind_is_gone_before_it_starts_again(trees):
    tree = trees.ready(part("dagster", PARENT))
    left_behind = psutil.Process(int(_output(trees, "dagster")[0]))
    os.kill(tree.processes()["dagster"].pid, signal.SIGKILL)
    ticking(tree, lambda: State.ENDED in dict(map(reversed, trees.reported)))
    eventually(lambda: not left_behind.is_running() or left_behind.status() == psutil.STATUS_ZOMBIE)


def test_a_part_that_dies_again_and_again_is_started_again_later_and_later_and_never_given_up(trees):
    dying = part("api", "import os; print('no memory left', flush=True); os.abort()")
    tree = trees.tree(dying, limits=replace(BRIEFLY, settled=60))
    tree.start("api")
    ticking(tree, lambda: trees.reported.count(("api", State.ENDED)) >= 8)
    assert all("no memory left" in detail for detail in trees.details)
    delays = [float(detail.split("starts again in ")[1].split()[0]) for detail in trees.details]
    assert delays[:4] == [0.1, 0.1, 0.2, 0.2]


def test_a_part_that_ends_for_a_reason_that_can_pass_is_started_again(trees):
    tree = trees.tree(part("api", f"raise SystemExit({exit_codes.TEMPORARY})"), limits=replace(BRIEFLY, settled=60))
    tree.start("api")
    ticking(tree, lambda: trees.reported.count(("api", State.STARTING)) >= 3)


def _is_back(tree, before, name="api"):
    return tree.is_ready() and tree.processes().get(name) not in (None, before)


def test_failures_before_a_part_was_stable_for_long_are_forgotten(trees):
    tree = trees.ready(part("api"), limits=replace(BRIEFLY, stable=0.2, longest_delay=60))
    for _ in range(12):  # the last one would wait for minutes
        before = tree.processes()["api"]
        time.sleep(0.3)
        os.kill(before.pid, signal.SIGKILL)
        ticking(tree, partial(_is_back, tree, before))


def test_a_part_that_says_at_once_that_it_cannot_run_is_not_started_again(trees):
    refusing = "import sys; sys.exit('focusflow: The home cannot be used.')"
    tree = trees.tree(part("api", refusing, health="http://127.0.0.1:9/health"))
    tree.start("api")
    with pytest.raises(PartFailed, match=r"(?s)ended with exit code 1.*The home cannot be used"):
        ticking(tree, lambda: False)
    assert trees.reported == [("api", State.STARTING)]


def test_a_part_that_never_answers_is_started_again(trees):
    tree = trees.tree(part("api", health="http://127.0.0.1:9/health"), limits=replace(BRIEFLY, start=0.3))
    tree.start("api")
    ticking(tree, lambda: trees.reported.count(("api", State.STARTING)) >= 3)
    assert ("api", State.SILENT) in trees.reported


def test_a_part_is_ready_when_its_address_answers_200(trees):
    class Answers(http.server.BaseHTTPRequestHandler):
        status = 503

        def do_GET(self):
            self.send_response(self.status)
            self.end_headers()

        def log_message(self, *_):
            pass

    with http.server.HTTPServer(("127.0.0.1", 0), Answers) as server:
        threading.Thread(target=partial(server.serve_forever, 0.01), daemon=True).start()
        tree = trees.tree(part("api", health=f"http://127.0.0.1:{server.server_port}/health/ready"))
        tree.start("api")
        ticking(tree, lambda: tree._members["api"].alive_at is not None)
        assert not tree.is_ready()
        Answers.status = 200
        ticking(tree, tree.is_ready)
        server.shutdown()


def test_parts_are_stopped_one_after_the_other_in_their_order(trees):
    tree = trees.ready(part("dashboard"), part("dagster"), part("api"), part("land"))
    trees.reported.clear()
    trees.stop(tree)
    names = ("dashboard", "dagster", "api", "land")
    assert trees.reported == [(name, state) for name in names for state in (State.STOPPING, State.STOPPED)]


def test_who_does_not_stop_when_asked_is_killed_after_a_while(trees):
    tree = trees.ready(part("api", STUBBORN), limits=replace(BRIEFLY, stop=0.5))
    _output(trees, "api")
    process = tree.processes()["api"]
    begun = time.monotonic()
    trees.stop(tree)
    assert time.monotonic() - begun >= 0.5
    assert not process.is_alive


def test_who_does_not_stop_when_asked_is_killed_at_once_when_it_is_urgent(trees):
    trees.ready(part("api", STUBBORN), limits=replace(BRIEFLY, stop=30))
    _output(trees, "api")
    begun = time.monotonic()
    trees.stop_all()
    assert time.monotonic() - begun < 20


def test_the_children_end_when_the_one_that_started_them_is_killed(tmp_path):
    holding = "from cli import lifeline; lifeline.hold(); import time; print('held', flush=True); time.sleep(60)"
    starter = (
        "import os, sys, time; from pathlib import Path; from cli.supervisor.tree import Part, Tree\n"
        f"part = Part('api', (sys.executable, '-c', {holding!r}))\n"
        f"tree = Tree([part], logs=Path({str(tmp_path)!r}), environment=dict(os.environ), report=lambda *_: None)\n"
        "tree.start('api'); print(tree.processes()['api'].pid, flush=True); time.sleep(60)"
    )
    with subprocess.Popen([sys.executable, "-c", starter], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        child = psutil.Process(int(process.stdout.readline()))
        eventually(lambda: Log(tmp_path / "api.log").last_lines() == ["held"])
        process.kill()
    eventually(lambda: not child.is_running() or child.status() == psutil.STATUS_ZOMBIE)


def test_the_end_of_a_log_is_the_error_and_not_what_libraries_say_after_it(tmp_path):
    log = Log(tmp_path / "api.log")
    log.append("ValueError: the port is taken")
    log.append(
        'nanobind: leaked 27 instances!\n - leaked type "x"\n - ... skipped remainder\nSee https://nanobind.example/leaks'
    )
    assert log.last_lines() == ["ValueError: the port is taken"]


def test_a_log_that_has_grown_long_is_kept_once_and_started_again(trees):
    log = Log(trees.logs / "api.log")
    os.close(log.opened())
    log.path.write_text("x" * BYTES + "\nthe end\n")
    tree = trees.ready(part("api", "print('anew', flush=True); import time; time.sleep(60)"), limits=BRIEFLY)
    assert _output(trees, "api") == ["anew"]
    assert log.path.with_name("api.log.1").read_text().endswith("the end\n")
    trees.stop(tree)
