-- Who signs in with the provider is looked up before the caller is known.
alter table identities enable row level security;
alter table identities force row level security;
create policy auth on identities to focusflow_auth using (true);
create policy privacy on identities for select to focusflow_privacy using (user_id = current_user_id());
grant select, insert on identities to focusflow_auth;
grant select on identities to focusflow_privacy;
grant select, insert, delete on pending_sign_ins to focusflow_auth;
