-- Who may do what. Roles belong to the whole server and may be there already; they cannot log in, a transaction takes one on.
do $$
declare
    role_name text;
begin
    foreach role_name in array array['focusflow_api', 'focusflow_auth', 'focusflow_ingestion', 'focusflow_scoring', 'focusflow_reporting'] loop
        if not exists (select from pg_roles where rolname = role_name) then
            execute 'create role ' || role_name || ' nologin';
        end if;
        if not pg_has_role(current_user, role_name, 'member') then
            execute 'grant ' || role_name || ' to ' || quote_ident(current_user);
        end if;
        execute 'grant usage on schema public to ' || role_name;
    end loop;
end $$;

-- Unset it is null before the first transaction of a connection and '' after it; both must see nothing.
create function current_user_id() returns uuid language sql stable parallel safe
    return nullif(current_setting('focusflow.user_id', true), '')::uuid;

-- A person sees their own rows. Forced, so that not even the owner of the tables reads around it.
do $$
declare
    table_name text;
    owned text[] := array['refresh_tokens', 'idempotency_keys', 'categories', 'goals', 'milestones', 'tasks', 'habits', 'habit_logs',
                          'time_entries', 'calendar_events', 'days_off', 'priority_scores', 'outbox'];
begin
    foreach table_name in array owned || 'users'::text loop
        execute 'alter table ' || table_name || ' enable row level security';
        execute 'alter table ' || table_name || ' force row level security';
        execute 'create policy own on ' || table_name || ' to focusflow_api using ('
            || case table_name when 'users' then 'id' else 'user_id' end || ' = current_user_id())';
    end loop;
    foreach table_name in array array['users', 'refresh_tokens', 'outbox'] loop
        execute 'create policy auth on ' || table_name || ' to focusflow_auth using (true)';
    end loop;
    foreach table_name in array array['users', 'tasks', 'goals', 'milestones', 'habits', 'categories', 'priority_scores'] loop
        execute 'create policy reporting on ' || table_name || ' for select to focusflow_reporting using (true)';
        execute 'grant select on ' || table_name || ' to focusflow_reporting';
    end loop;
end $$;

create policy ingestion on outbox to focusflow_ingestion using (true);
create policy scoring on priority_scores to focusflow_scoring using (true);
create policy scoring on users for select to focusflow_scoring using (true);

grant select, insert, update, delete on categories, goals, milestones, tasks, habits, habit_logs, time_entries, calendar_events, days_off,
    idempotency_keys to focusflow_api;
grant select, update on users, refresh_tokens to focusflow_api;
grant select, insert, update, delete on priority_scores to focusflow_api;
grant insert on outbox to focusflow_api, focusflow_auth;
grant select on outbox_head to focusflow_api, focusflow_auth, focusflow_ingestion;
grant select, insert, update on users, refresh_tokens to focusflow_auth;
grant select, insert on outbox to focusflow_ingestion;
grant update (log_offset) on outbox to focusflow_ingestion;
grant update (next) on outbox_head to focusflow_ingestion;
grant select, insert, update, delete on priority_scores to focusflow_scoring;
grant select on users to focusflow_scoring;

-- Days are made ahead of need; what falls between them goes to the rest.
create table outbox_rest partition of outbox default;
create procedure partition_outbox(partition_name text, first_day text, next_day text) language plpgsql as $$
begin
    if to_regclass(partition_name) is null then
        execute 'create table ' || quote_ident(partition_name) || ' partition of outbox for values from (' || quote_literal(first_day)
            || ') to (' || quote_literal(next_day) || ') with (autovacuum_vacuum_scale_factor = 0.02)';
    end if;
end $$;
