-- A role for exports: it reads every row of the one user of its transaction, and of no other; but no secret, not even as a hash.
do $$
declare
    table_name text;
    secrets text[] := array['password_hash', 'token_hash', 'key_hash'];
begin
    if not exists (select from pg_roles where rolname = 'focusflow_privacy') then
        create role focusflow_privacy nologin;
    end if;
    if not pg_has_role(current_user, 'focusflow_privacy', 'member') then
        execute 'grant focusflow_privacy to ' || quote_ident(current_user);
    end if;
    grant usage on schema public to focusflow_privacy;
    for table_name in
        select relname from pg_class join pg_attribute on attrelid = pg_class.oid
        where relnamespace = 'public'::regnamespace and relkind in ('r', 'p') and not relispartition and attname = 'user_id'
    loop
        execute 'create policy privacy on ' || table_name || ' for select to focusflow_privacy using (user_id = current_user_id())';
    end loop;
    create policy privacy on users for select to focusflow_privacy using (id = current_user_id());
    for table_name in select tablename from pg_policies where schemaname = 'public' and policyname = 'privacy' loop
        if exists (select from pg_attribute where attrelid = table_name::regclass and attname = any (secrets)) then
            execute 'grant select (' || (
                select string_agg(quote_ident(attname), ', ' order by attnum) from pg_attribute
                where attrelid = table_name::regclass and attnum > 0 and not attisdropped and attname <> all (secrets)
            ) || ') on ' || table_name || ' to focusflow_privacy';
        else
            execute 'grant select on ' || table_name || ' to focusflow_privacy';
        end if;
    end loop;
end $$;

alter table exports enable row level security;
alter table exports force row level security;
create policy own on exports to focusflow_api using (user_id = current_user_id());
grant select, insert on exports to focusflow_api;
-- What waits is found before it is known whose it is.
create policy waiting on exports to focusflow_privacy using (true);
grant update (status, attempts, finished_at, expires_at, bytes, updated_at, version) on exports to focusflow_privacy;
