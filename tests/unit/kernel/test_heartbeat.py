"""What a process shows of its loops."""

from focusflow.heartbeat import Heartbeat, is_ready


def test_a_part_is_ready_when_all_its_loops_have_done_their_work(tmp_path, monkeypatch):
    file = tmp_path / "heartbeat"
    monkeypatch.setenv("FOCUSFLOW_HEARTBEAT_FILE", str(file))
    heartbeat = Heartbeat("relay", "inbox")
    relay, inbox = heartbeat.of("relay"), heartbeat.of("inbox")
    for _ in range(3):
        relay(has_worked=True)
    assert not file.exists()
    inbox()
    assert file.exists()
    assert not is_ready(file)
    relay()
    inbox(has_worked=True)
    assert is_ready(file)
