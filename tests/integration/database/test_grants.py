"""What each database role may do, compared with a list that is kept: a new grant has to be added to it, and read by somebody."""

from pathlib import Path

import psycopg
import pytest

from focusflow.database.session import Role

KEPT = Path(__file__).with_name("grants.txt")

GRANTS = """
    with objects as (
        select relname as name, relacl as acl, null as part from pg_class where relnamespace = 'public'::regnamespace
        union all
        select relname, attacl, attname from pg_attribute join pg_class on pg_class.oid = attrelid
        where relnamespace = 'public'::regnamespace and attacl is not null
    )
    select case when grantee = 0 then 'public' else grantee::regrole::text end as role, name,
           lower(privilege_type) as privilege, string_agg(part, ', ' order by part) as columns
    from objects, aclexplode(acl) where grantee = 0 or grantee::regrole::text like 'focusflow\\_%'
    group by 1, 2, 3 order by role, name, privilege"""


def lines(database):
    with database.owner() as connection:
        rows = connection.execute(GRANTS).fetchall()
    return [
        f"{row['role']} {row['privilege']} {row['name']}" + (f" ({row['columns']})" if row["columns"] else "")
        for row in rows
    ]


def test_every_grant_of_every_role_is_in_the_kept_list(database):
    assert lines(database) == KEPT.read_text(encoding="utf-8").splitlines()


def test_no_role_owns_tables_or_goes_around_row_level_security(database):
    with database.owner() as connection:
        roles = connection.execute(
            "select rolname, rolsuper or rolbypassrls or rolcanlogin or rolcreaterole as is_mighty,"
            " exists (select from pg_class where relowner = pg_roles.oid) as owns"
            " from pg_roles where rolname = any(%s)",
            [[role.value for role in Role]],
        ).fetchall()
    assert len(roles) == len(Role)
    assert not [row for row in roles if row["is_mighty"] or row["owns"]]


@pytest.mark.parametrize(
    ("role", "statement"),
    [
        (Role.API, "update users set role = 'admin'"),
        (Role.API, "update users set is_active = true"),
        (Role.API, "update users set password_hash = 'x'"),
        (Role.API, "update refresh_tokens set expires_at = now()"),
        (Role.API, "update api_keys set scopes = '{}'"),
        (Role.SCORING, "select password_hash from users"),
        (Role.SCORING, "select email from users"),
        (Role.REPORTING, "select password_hash from users"),
        (Role.SCORING, "select from priority_scores_a"),
        (Role.REPORTING, "select from priority_scores_a"),
    ],
)
def test_a_role_is_refused_what_its_code_does_not_need(database, user_id, role, statement):
    with pytest.raises(psycopg.errors.InsufficientPrivilege), database.transaction(role, user_id) as tx:
        tx.run(statement)
