drop policy erasure on users;
drop policy erasure on priority_scores;
drop policy erasure on outbox;
drop policy erasure on audit_log;
revoke update (is_active, erased_at, token_epoch), delete on users from focusflow_privacy;
revoke delete on priority_scores from focusflow_privacy;
revoke update (event_id, user_id, value) on outbox from focusflow_privacy;
revoke update (actor_id, user_id, entity_id, before, after, ip, user_agent), insert, delete on audit_log from focusflow_privacy;
revoke select, delete on inbox_refused from focusflow_privacy;
