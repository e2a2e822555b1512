"""What was written to the audit log cannot be changed unnoticed."""

from datetime import timedelta

import pytest

from focusflow.database import audit
from focusflow.database.audit_chain import AuditChain
from focusflow.database.session import Role
from focusflow.settings import load_settings


@pytest.fixture
def chain(database, tmp_path):
    with database.owner() as connection:
        connection.execute("delete from audit_log")
    return AuditChain(load_settings(home=tmp_path), database)


def write(database, *actions):
    for action in actions:
        with database.transaction(Role.AUTH) as tx:
            audit.record(tx, action, actor_id=None, user_id=None, ip="192.0.2.1", after={"role": "admin", "share": 0.1})


def change(database, *statements):
    with database.owner() as connection:
        for statement in statements:
            connection.execute(statement)


def test_the_audit_log_is_intact_while_nobody_changes_it(chain, database):
    assert chain.verify().is_intact
    write(database, "one", "two")
    assert chain.seal() == 2
    write(database, "three")
    verdict = chain.verify()
    assert (verdict.is_intact, verdict.entries, verdict.redacted) == (True, 3, 0)


@pytest.mark.parametrize(
    ("statements", "finding"),
    [
        (["update audit_log set action = 'other' where number = 2"], "entry 2 of"),
        (["update audit_log set at = at - interval '1 day' where number = 2"], "entry 2 of"),
        (["update audit_log set after = '{}' where number = 2"], "entry 2 of"),
        (["update audit_log set actor_id = gen_random_uuid() where number = 3"], "entry 3 of"),
        (
            ["update audit_log set ip = null, salt = null where number = 2"],
            "1 entries were redacted without an erasure",
        ),
        (["delete from audit_log where number = 2"], "entries 2 to 2 are missing"),
        (["delete from audit_log where number = 1"], "the first 1 entries are missing"),
        (["delete from audit_log where number > 2"], "the newest 1 entries are missing"),
        (["delete from audit_log"], "the newest 3 entries are missing"),
        (
            ["delete from audit_log where number = 2", "update audit_log set number = 2 where number = 3"],
            "entry 2 of",
        ),
        (["update audit_log set number = null, ip = 'x' where number = 3"], "entry 3 has another seal"),
    ],
)
def test_each_change_is_found(chain, database, statements, finding):
    write(database, "one", "two", "three")
    chain.seal()
    change(database, *statements)
    assert finding in chain.verify().sentence


def test_the_chain_is_another_with_another_key(chain, database, tmp_path):
    write(database, "one")
    chain.seal()
    other = AuditChain(load_settings(home=tmp_path / "other"), database)
    assert not other.verify().is_intact


def test_old_entries_are_deleted_and_the_chain_says_where_it_begins(chain, database):
    write(database, "one", "two", "three")
    change(database, "update audit_log set at = at - interval '31 days' where action <> 'three'")
    assert chain.delete_before(0) == 0
    assert chain.delete_before(32) == 0
    assert chain.delete_before(30) == 2
    assert chain.delete_before(30) == 0
    assert (chain.verify().is_intact, chain.verify().entries) == (True, 2)
    change(database, "update audit_log set at = at - interval '31 days'", "delete from audit_log where number = 3")
    assert not chain.verify().is_intact


def test_all_entries_may_be_old(chain, database):
    write(database, "one", "two")
    change(database, "update audit_log set at = at - interval '31 days'")
    assert chain.delete_before(timedelta(days=30).days) == 2
    write(database, "three")
    assert (chain.verify().is_intact, chain.verify().entries) == (True, 2)
