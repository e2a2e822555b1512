-- A user has one feed, and replaces or revokes it.
alter table calendar_feeds enable row level security;
alter table calendar_feeds force row level security;
create policy own on calendar_feeds to focusflow_api using (user_id = current_user_id());
grant select, insert, update, delete on calendar_feeds to focusflow_api;
