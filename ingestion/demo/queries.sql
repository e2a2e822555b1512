-- present --
select email from users where email = any(%(emails)s)

-- become --
select set_config('role', %(role)s, true), set_config('focusflow.user_id', %(user_id)s, true)

-- accounts --
select id, password_hash from users where email = any(%(emails)s) and is_active = %(is_active)s and erased_at is null for update

-- end_sessions --
update refresh_tokens set revoked_at = %(now)s where user_id = %(user_id)s and revoked_at is null

-- revoke_keys --
update api_keys set revoked_at = %(now)s where user_id = %(user_id)s and revoked_at is null
