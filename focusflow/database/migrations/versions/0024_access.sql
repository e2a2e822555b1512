-- Codes are checked before the caller is known. What only the owner of the secret may know is read by no other role.
alter table second_factors enable row level security;
alter table second_factors force row level security;
create policy auth on second_factors to focusflow_auth using (true);
create policy privacy on second_factors for select to focusflow_privacy using (user_id = current_user_id());
grant select, insert, update, delete on second_factors to focusflow_auth;
grant select (user_id, created_at, confirmed_at, last_step) on second_factors to focusflow_privacy;
grant select (confirmed_at) on refresh_tokens to focusflow_privacy;
