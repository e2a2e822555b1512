"""What was kept long enough is deleted, and nothing else."""

import os
from datetime import timedelta

from focusflow import clock
from focusflow.identity import new_id
from focusflow.retention import RULES
from focusflow.settings import Settings
from pipelines.privacy.retention import (
    delete_email_files,
    delete_ended_sign_ins,
    delete_temporary_files,
    shorten_logs,
)


def test_old_emails_in_files_are_deleted(tmp_path):
    folder, now = tmp_path / "mails", clock.now()
    assert delete_email_files(tmp_path, 30, now) == 0
    folder.mkdir()
    for name, days in (("old", 31), ("new", 29)):
        (folder / f"{name}.eml").write_text("Hello")
        moment = (now - timedelta(days=days)).timestamp()
        os.utime(folder / f"{name}.eml", (moment, moment))
    assert delete_email_files(tmp_path, 0, now) == 0
    assert delete_email_files(tmp_path, 30, now) == 1
    assert [path.name for path in folder.iterdir()] == ["new.eml"]


def test_what_killed_queries_left_on_the_disk_is_deleted_after_a_day(tmp_path):
    now, spilled = clock.now(), tmp_path / "tmp" / "duckdb_temp_storage_0.tmp"
    spilled.parent.mkdir()
    spilled.write_text("rows")
    assert delete_temporary_files(tmp_path, now + timedelta(hours=23)) == 0
    assert delete_temporary_files(tmp_path, now + timedelta(hours=25)) == 1
    assert not spilled.exists()


def test_a_log_keeps_no_line_longer_than_its_days(tmp_path):
    now, log = clock.now(), tmp_path / "logs" / "api.log"
    log.parent.mkdir()
    log.write_text("first\n")
    assert shorten_logs(tmp_path, 0, now) == 0
    assert shorten_logs(tmp_path, 30, now) == 1
    log.write_text("second\n")
    assert shorten_logs(tmp_path, 30, now + timedelta(days=14)) == 0
    assert shorten_logs(tmp_path, 30, now + timedelta(days=16)) == 1
    assert (log.read_text(), log.with_name("api.log.1").read_text()) == ("", "second\n")


def test_sign_ins_are_deleted_some_days_after_they_expired(database, user_id):
    with database.owner() as connection:
        for days in (29, 31):
            connection.execute(
                "insert into refresh_tokens (id, user_id, family, token_hash, created_at, expires_at)"
                " values (%s, %s, gen_random_uuid(), %s, now(), now() - make_interval(days => %s))",
                [new_id(), user_id, str(days), days],
            )
    assert delete_ended_sign_ins(database, 30) == 1
    assert delete_ended_sign_ins(database, 30) == 0


def test_the_list_of_what_is_kept_names_every_setting_of_a_time_to_keep():
    described = {
        name
        for name, field in Settings.model_fields.items()
        if name.endswith(("_days", "_hours")) and "kept" in (field.description or "")
    }
    assert {rule.setting for rule in RULES if rule.setting} >= described
