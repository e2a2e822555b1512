-- Ingestion keeps these tables, and looks up whose events come in from the inbox.
grant select, insert, update, delete on relay_position, kafka_topics, inbox_position, inbox_events, inbox_refused to focusflow_ingestion;

alter table inbox_events enable row level security;
alter table inbox_events force row level security;
create policy ingestion on inbox_events to focusflow_ingestion using (true);

grant select (id, timezone, erased_at) on users to focusflow_ingestion;
create policy ingestion on users for select to focusflow_ingestion using (true);
