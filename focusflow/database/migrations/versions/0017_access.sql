-- A user sees and undoes their own imports.
alter table imports enable row level security;
alter table imports force row level security;
alter table import_items enable row level security;
alter table import_items force row level security;
create policy own on imports to focusflow_api using (user_id = current_user_id());
create policy own on import_items to focusflow_api using (user_id = current_user_id());
grant select, insert, update (status, undone_at, updated_at, version) on imports to focusflow_api;
grant select, insert, delete on import_items to focusflow_api;
