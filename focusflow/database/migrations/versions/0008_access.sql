-- A person reads their own; who tells of them keeps them.
alter table earned_achievements enable row level security;
alter table earned_achievements force row level security;
create policy own on earned_achievements for select to focusflow_api using (user_id = current_user_id());
create policy reporting on earned_achievements to focusflow_reporting using (true);
grant select on earned_achievements to focusflow_api;
grant select, insert on earned_achievements to focusflow_reporting;
