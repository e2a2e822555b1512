-- A user asks to be erased and may change their mind until it begins; the role of exports carries it out.
alter table erasures enable row level security;
alter table erasures force row level security;
create policy own on erasures to focusflow_api using (user_id = current_user_id());
create policy every on erasures to focusflow_privacy using (true);
create policy suppressed on erasures for select to focusflow_ingestion using (true);
create policy listed on erasures for select to focusflow_auth using (true);
grant select, insert, update (status) on erasures to focusflow_api;
grant select, insert, update on erasures to focusflow_privacy;
grant select (user_hash, status) on erasures to focusflow_ingestion;
grant select on erasures to focusflow_auth;

-- What refers to an account goes with it; the rest is named here.
create policy erasure on users to focusflow_privacy using (id = current_user_id());
create policy erasure on priority_scores to focusflow_privacy using (user_id = current_user_id());
-- An update has to see the row that it leaves, too: an event of nobody, and an entry of the audit log without the user.
create policy erasure on outbox to focusflow_privacy
    using (user_id = current_user_id() or user_id = '00000000-0000-0000-0000-000000000000');
create policy erasure on audit_log to focusflow_privacy using (true);
grant update (is_active, erased_at, token_epoch), delete on users to focusflow_privacy;
grant delete on priority_scores to focusflow_privacy;
grant update (event_id, user_id, value) on outbox to focusflow_privacy;
grant update (actor_id, user_id, entity_id, before, after, ip, user_agent), insert, delete on audit_log to focusflow_privacy;
grant select, delete on inbox_refused to focusflow_privacy;
