-- A user connects, changes and removes their own calendars; what a synchronization reads and writes, it does as its user.
alter table calendar_connections enable row level security;
alter table calendar_connections force row level security;
create policy own on calendar_connections to focusflow_api using (user_id = current_user_id());
create policy privacy on calendar_connections for select to focusflow_privacy using (user_id = current_user_id());
alter table calendar_objects enable row level security;
alter table calendar_objects force row level security;
create policy own on calendar_objects to focusflow_api using (user_id = current_user_id());
create policy privacy on calendar_objects for select to focusflow_privacy using (user_id = current_user_id());
alter table calendar_conflicts enable row level security;
alter table calendar_conflicts force row level security;
create policy own on calendar_conflicts to focusflow_api using (user_id = current_user_id());
create policy privacy on calendar_conflicts for select to focusflow_privacy using (user_id = current_user_id());
grant select, insert, update, delete on calendar_connections, calendar_objects to focusflow_api;
grant select, insert on calendar_conflicts to focusflow_api;

-- What is due is found before it is known whose it is.
create policy due on calendar_connections to focusflow_ingestion using (true);
grant select (id, user_id, is_paused, next_sync_at, claimed_at, failures, duration_ms),
    update (claimed_at) on calendar_connections to focusflow_ingestion;

-- Secrets are not even exported as they are stored.
grant select (id, user_id, created_at, updated_at, version, kind, name, host, state, calendars, selected, own_calendar, plan_calendar,
    is_paused, next_sync_at, claimed_at, failures, duration_ms, last_attempt_at, last_synced_at, problem, counts, findings, findings_count,
    deleted_at) on calendar_connections to focusflow_privacy;
grant select on calendar_objects, calendar_conflicts to focusflow_privacy;
