-- Each role changes the columns that its code uses, and reads no other user's password hash: a defect in a route can give nobody another role.
revoke update on users from focusflow_api;
grant update (updated_at, version, display_name, timezone, locale, week_start, daily_focus_goal_minutes) on users to focusflow_api;

revoke update on refresh_tokens from focusflow_api;
grant update (revoked_at, seen_at) on refresh_tokens to focusflow_api;
revoke insert, update on api_keys from focusflow_api;
grant insert (id, user_id, created_at, name, prefix, key_hash, scopes, expires_at) on api_keys to focusflow_api;
grant update (last_used_at, revoked_at) on api_keys to focusflow_api;

revoke select on users from focusflow_scoring, focusflow_reporting;
grant select (id, erased_at) on users to focusflow_scoring;
grant select (id, created_at, email, display_name, timezone, locale, week_start, role, daily_focus_goal_minutes, is_active, email_verified_at,
    last_login_at, erased_at) on users to focusflow_reporting;

-- A partition has no row-level security of its own: it is read through its table.
do $$
declare
    partition_name text;
begin
    for partition_name in select inhrelid::regclass::text from pg_inherits join pg_class on pg_class.oid = inhrelid where relkind = 'r' loop
        execute 'revoke all on ' || partition_name
            || ' from focusflow_api, focusflow_auth, focusflow_ingestion, focusflow_scoring, focusflow_reporting';
    end loop;
end $$;
