-- A workspace has one key, which is never replaced: pseudonyms would not be the same any more.
alter table app_user_keys enable row level security;
alter table app_user_keys force row level security;
create policy own on app_user_keys to focusflow_api using (user_id = current_user_id());
create policy privacy on app_user_keys for select to focusflow_privacy using (user_id = current_user_id());
grant select, insert on app_user_keys to focusflow_api;
grant select (user_id) on app_user_keys to focusflow_privacy;
