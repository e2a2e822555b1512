-- Who sends mails keeps the list; who proves that mails arrive is taken off it.
alter table bounces enable row level security;
alter table bounces force row level security;
create policy reporting on bounces to focusflow_reporting using (true);
create policy auth on bounces to focusflow_auth using (true);
grant select, insert, update, delete on bounces to focusflow_reporting;
grant select, delete on bounces to focusflow_auth;

grant delete on ai_messages, notifications to focusflow_reporting;
