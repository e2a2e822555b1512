-- add_user --
insert into users (id, created_at, updated_at, email, password_hash, display_name, timezone, locale)
values (%(id)s, %(now)s, %(now)s, %(email)s, %(password_hash)s, %(display_name)s, %(timezone)s, %(locale)s)
on conflict (lower(email)) do nothing
returning *

-- by_email --
select id, password_hash, token_epoch, is_active from users where lower(email) = lower(%(email)s)

-- signed_in --
update users set last_login_at = %(now)s where id = %(id)s

-- known_zone --
select exists (select from pg_timezone_names where name = %(timezone)s) as known

-- add_token --
insert into refresh_tokens (id, user_id, family, token_hash, created_at, expires_at, device, ip, user_agent)
values (%(id)s, %(user_id)s, %(family)s, %(token_hash)s, %(now)s, %(expires_at)s, null, %(ip)s, %(user_agent)s)

-- use_token --
-- One statement: of two that come with the same token, one gets it.
update refresh_tokens set used_at = %(now)s, replaced_by = %(successor)s
where token_hash = %(token_hash)s and used_at is null and revoked_at is null and expires_at > %(now)s
returning user_id, family, expires_at

-- family_of --
select family from refresh_tokens where token_hash = %(token_hash)s

-- revoke_family --
update refresh_tokens set revoked_at = %(now)s where family = %(family)s and revoked_at is null

-- account --
select id, token_epoch, is_active from users where id = %(user_id)s

-- me --
select id, email, display_name, timezone, locale, week_start, role, daily_focus_goal_minutes, created_at, version, is_active
from users where id = %(user_id)s
