-- A user sees what failed of their own; who notifies them keeps it, and lets it go. The state of the mail server is no user's.
alter table failed_attempts enable row level security;
alter table failed_attempts force row level security;
create policy own on failed_attempts for select to focusflow_api using (user_id = current_user_id());
create policy reporting on failed_attempts to focusflow_reporting using (true);
grant select on failed_attempts to focusflow_api;
grant select, insert, update, delete on failed_attempts to focusflow_reporting;
grant select, insert, update, delete on mail_outage to focusflow_reporting;
