-- The schema `gold` of Postgres.

-- lock --
select pg_advisory_xact_lock(hashtextextended('views of analysts', 0))

-- written --
select obj_description(oid, 'pg_namespace') as digest from pg_namespace where nspname = 'gold'

-- begin --
-- A query that runs for long holds up those that come after this: it is tried again.
set local lock_timeout = '10s';
drop schema if exists gold cascade;
create schema gold authorization focusflow_views;
set local role focusflow_views;

-- grant --
grant usage on schema gold to focusflow_analyst;
grant select on all tables in schema gold to focusflow_analyst;

-- pseudonym --
-- Who knows a user's id cannot compute it without the key of the installation.
left(encode(sha256(convert_to((select key from tag_key) || user_id::text || 'analyst', 'UTF8')), 'hex'), 16)
