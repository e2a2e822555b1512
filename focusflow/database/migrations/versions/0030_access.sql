-- A user manages their own hooks. What comes in at one is written as its user, too.
do $$
declare
    table_name text;
begin
    foreach table_name in array array['incoming_hooks', 'incoming_items'] loop
        execute 'alter table ' || table_name || ' enable row level security';
        execute 'alter table ' || table_name || ' force row level security';
        execute 'create policy own on ' || table_name || ' to focusflow_api using (user_id = current_user_id())';
        execute 'create policy privacy on ' || table_name || ' for select to focusflow_privacy using (user_id = current_user_id())';
    end loop;
end $$;
grant select, insert, update, delete on incoming_hooks to focusflow_api;
grant select, insert on incoming_items to focusflow_api;
grant select (id, user_id, created_at, updated_at, version, name, target, mapping, last_used_at, problem) on incoming_hooks to focusflow_privacy;
grant select on incoming_items to focusflow_privacy;
