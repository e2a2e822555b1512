-- A user manages their own endpoints, and sees and repeats what was sent to them.
alter table webhook_endpoints enable row level security;
alter table webhook_endpoints force row level security;
alter table webhook_deliveries enable row level security;
alter table webhook_deliveries force row level security;
create policy own on webhook_endpoints to focusflow_api using (user_id = current_user_id());
create policy own on webhook_deliveries to focusflow_api using (user_id = current_user_id());
grant select, insert, update, delete on webhook_endpoints to focusflow_api;
grant select, insert, update (status, attempts, next_attempt_at, problem) on webhook_deliveries to focusflow_api;

-- Who reads the log, or publishes scores, writes down what is to be sent to whom.
create policy ingestion on webhook_endpoints for select to focusflow_ingestion using (true);
create policy ingestion on webhook_deliveries to focusflow_ingestion using (true);
grant select (id, user_id, event_types, has_text, status) on webhook_endpoints to focusflow_ingestion, focusflow_scoring;
grant select (endpoint_id, event_id), insert on webhook_deliveries to focusflow_ingestion;
grant select, insert, update on webhook_positions to focusflow_ingestion;
create policy scoring on webhook_endpoints for select to focusflow_scoring using (true);
create policy scoring on webhook_deliveries to focusflow_scoring using (true);
grant select (endpoint_id, type, status, attempts), insert on webhook_deliveries to focusflow_scoring;

-- Who sends it writes down what became of it.
create policy reporting on webhook_endpoints to focusflow_reporting using (true);
create policy reporting on webhook_deliveries to focusflow_reporting using (true);
grant select, update (status, failures, failing_since, paused_until, problem, updated_at, version) on webhook_endpoints to focusflow_reporting;
grant select, delete, update (data, status, attempts, next_attempt_at, delivered_at, response_status, problem)
    on webhook_deliveries to focusflow_reporting;

create policy privacy on webhook_endpoints for select to focusflow_privacy using (user_id = current_user_id());
create policy privacy on webhook_deliveries for select to focusflow_privacy using (user_id = current_user_id());
grant select (id, user_id, created_at, updated_at, version, url, description, event_types, has_text, status, old_secret_until, failures,
    failing_since, paused_until, problem) on webhook_endpoints to focusflow_privacy;
grant select on webhook_deliveries to focusflow_privacy;
