-- A person's own are noted as they see them; who looks at feedback reads everybody's, and lets them go when they are old.
alter table shown_scores enable row level security;
alter table shown_scores force row level security;
create policy own on shown_scores to focusflow_api using (user_id = current_user_id());
create policy reporting on shown_scores to focusflow_reporting using (true);
grant select, insert on shown_scores to focusflow_api;
grant select, delete on shown_scores to focusflow_reporting;
