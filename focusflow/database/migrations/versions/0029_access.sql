-- A user manages their own channels, and sees what was sent to them.
alter table notification_channels enable row level security;
alter table notification_channels force row level security;
alter table channel_deliveries enable row level security;
alter table channel_deliveries force row level security;
create policy own on notification_channels to focusflow_api using (user_id = current_user_id());
create policy own on channel_deliveries to focusflow_api using (user_id = current_user_id());
grant select, insert, update, delete on notification_channels to focusflow_api;
grant select, insert on channel_deliveries to focusflow_api;

-- Who delivers notifications writes down what is to be sent, sends it, and writes down what became of it.
create policy reporting on notification_channels to focusflow_reporting using (true);
create policy reporting on channel_deliveries to focusflow_reporting using (true);
grant select, update (status, failures, failing_since, paused_until, problem, updated_at, version) on notification_channels to focusflow_reporting;
grant select, insert, delete, update (title, body, status, attempts, next_attempt_at, delivered_at, problem)
    on channel_deliveries to focusflow_reporting;

create policy privacy on notification_channels for select to focusflow_privacy using (user_id = current_user_id());
create policy privacy on channel_deliveries for select to focusflow_privacy using (user_id = current_user_id());
grant select (id, user_id, created_at, updated_at, version, name, service, masked_address, kinds, status, failures, failing_since,
    paused_until, problem) on notification_channels to focusflow_privacy;
grant select on channel_deliveries to focusflow_privacy;
