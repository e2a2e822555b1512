-- A person reads their own; who reminds them keeps what they were reminded of, and lets it go when it is past.
alter table told_reminders enable row level security;
alter table told_reminders force row level security;
create policy own on told_reminders for select to focusflow_api using (user_id = current_user_id());
create policy reporting on told_reminders to focusflow_reporting using (true);
grant select on told_reminders to focusflow_api;
grant select, insert, delete on told_reminders to focusflow_reporting;
