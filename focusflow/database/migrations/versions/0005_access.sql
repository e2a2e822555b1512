-- The sender of reports keeps the ledger and tells of it in events; a person reads their own.
do $$
declare
    table_name text;
begin
    foreach table_name in array array['report_deliveries', 'ai_messages'] loop
        execute 'alter table ' || table_name || ' enable row level security';
        execute 'alter table ' || table_name || ' force row level security';
        execute 'create policy own on ' || table_name || ' for select to focusflow_api using (user_id = current_user_id())';
        execute 'create policy reporting on ' || table_name || ' to focusflow_reporting using (true)';
        execute 'grant select on ' || table_name || ' to focusflow_api';
        execute 'grant select, insert, update on ' || table_name || ' to focusflow_reporting';
    end loop;
end $$;

create policy reporting on outbox for insert to focusflow_reporting with check (true);
grant insert on outbox to focusflow_reporting;
grant select on outbox_head to focusflow_reporting;
