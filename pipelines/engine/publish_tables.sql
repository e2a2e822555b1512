-- known --
select table_name, lake_version from publications

-- lock --
select pg_advisory_xact_lock(hashtextextended('publication of ' || %(table_name)s, 0))

-- published --
select lake_version, as_of from publications where table_name = %(table_name)s

-- incoming --
-- Without a row where it is to be deleted.
create temp table incoming (user_id uuid, day date not null, key text not null, row jsonb) on commit drop

-- copy --
copy incoming (user_id, day, key, row) from stdin (format csv, force_not_null (key))

-- drop_rows --
-- All rows are incoming: what is not among them is gone.
delete from published_rows as old where table_name = %(table_name)s and user_id::text <> all(%(without)s::text[])
    and not exists (select from incoming where incoming.user_id = old.user_id and incoming.day = old.day and incoming.key = old.key)

-- delete_rows --
delete from published_rows as old using incoming
where table_name = %(table_name)s and incoming.user_id = old.user_id and incoming.day = old.day and incoming.key = old.key
    and incoming.row is null

-- take_rows --
-- Whoever was erased meanwhile gets nothing published again.
insert into published_rows (user_id, table_name, day, key, row)
select incoming.user_id, %(table_name)s, day, key, row from incoming join users on users.id = incoming.user_id
where users.erased_at is null and row is not null
on conflict (user_id, table_name, day, key) do update set row = excluded.row where published_rows.row is distinct from excluded.row

-- drop_product --
delete from published_product as old where table_name = %(table_name)s
    and not exists (select from incoming where incoming.day = old.day and incoming.key = old.key)

-- delete_product --
delete from published_product as old using incoming
where table_name = %(table_name)s and incoming.day = old.day and incoming.key = old.key and incoming.row is null

-- take_product --
insert into published_product (table_name, day, key, row) select %(table_name)s, day, key, row from incoming where row is not null
on conflict (table_name, day, key) do update set row = excluded.row where published_product.row is distinct from excluded.row

-- say --
insert into publications (table_name, lake_version, events, as_of, published_at)
values (%(table_name)s, %(lake_version)s, %(events)s, %(as_of)s, %(now)s)
on conflict (table_name) do update
set lake_version = excluded.lake_version, events = excluded.events, as_of = excluded.as_of, published_at = excluded.published_at
