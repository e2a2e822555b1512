-- Accounts for the tools of analysts.

-- logins --
select member.rolname as name
from pg_auth_members
join pg_roles as member on member.oid = pg_auth_members.member
join pg_roles as role on role.oid = pg_auth_members.roleid
where role.rolname = 'focusflow_analyst' and member.rolcanlogin and not (member.rolsuper or member.rolcreaterole)
order by name

-- exists --
select from pg_roles where rolname = %(name)s

-- create --
create role {} login nosuperuser nocreatedb nocreaterole noreplication nobypassrls inherit connection limit 10

-- group --
grant focusflow_analyst to {}

-- read_only --
alter role {} set default_transaction_read_only = on

-- path --
alter role {} set search_path = gold

-- statement_timeout --
alter role {} set statement_timeout = '60s'

-- idle_timeout --
alter role {} set idle_in_transaction_session_timeout = '60s'

-- disconnect --
-- Before the role goes, which names its connections. An account that is no superuser may not end them: they end by themselves.
select pg_terminate_backend(pid) from pg_stat_activity
where usename = %(name)s and (pg_has_role(usesysid, 'usage') or pg_has_role('pg_signal_backend', 'usage'))

-- drop --
drop role {}

-- audited --
set local role focusflow_auth
