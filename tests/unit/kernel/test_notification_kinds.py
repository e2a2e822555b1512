"""A kind of notification is one file: whoever adds it edits nothing else."""

import shutil
from pathlib import Path
from uuid import UUID

import pytest
from pydantic import ValidationError

from focusflow import notification_kinds
from focusflow.key_ring import KeyRing
from focusflow.notification_kinds import KINDS, load_kinds
from focusflow.unsubscribe import SUBSCRIPTIONS, Subscription, read_token, token_for
from reports.render import MAILS

FOLDER = Path(notification_kinds.__file__).parent


@pytest.fixture
def folder(tmp_path):
    for path in FOLDER.glob("*.toml"):
        shutil.copy(path, tmp_path)
    return tmp_path


def test_a_file_in_the_folder_is_a_kind(folder):
    (folder / "weekly_digest.toml").write_text(
        'label = "Digest"\ndescription = "A digest."\ndefault_channels = ["email"]'
    )
    found = load_kinds(folder)
    assert found.keys() - KINDS.keys() == {"weekly_digest"}
    assert found["weekly_digest"].is_emailed_by_default
    assert {name: found[name] for name in KINDS} == KINDS


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("Digest", 'label = "a"\ndescription = "b"'),
        ("digest", 'label = "a"'),
        ("digest", 'label = "a"\ndescription = "b"\ndefault_channels = ["fax"]'),
        ("digest", 'label = "a"\ndescription = "b"\nurgency = 1'),
        ("digest", 'label = "a"\ndescription = "b"\nsubscriptions.digest = {code = 2, label = "c"}'),
        ("digest", 'label = "a"\ndescription = "b"\nsubscriptions.weekly = {code = 99, label = "c"}'),
    ],
)
def test_a_file_that_is_wrong_is_refused(folder, name, text):
    (folder / f"{name}.toml").write_text(text)
    with pytest.raises((ValidationError, ValueError)):
        load_kinds(folder)


def test_links_in_emails_that_were_sent_keep_their_meaning():
    codes = {name: each.code for name, each in SUBSCRIPTIONS.items()}
    expected = {"weekly": 0, "monthly": 1, "daily_plan": 2, "achievement": 3, "task_reminder": 4, "goal_reminder": 5}
    assert expected.items() <= codes.items()
    for name in codes:
        ada = Subscription(UUID(int=7), name)
        assert read_token(KeyRing("key"), token_for("key", ada)) == ada


def test_every_kind_has_an_email_template():
    assert all(f"{kind.email_template}/body.html" in MAILS.list_templates() for kind in KINDS.values())
