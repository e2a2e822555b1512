-- add_user --
insert into users (id, created_at, updated_at, email, password_hash, display_name, timezone, locale, week_start)
values (%(id)s, %(now)s, %(now)s, %(email)s, %(password_hash)s, %(display_name)s, %(timezone)s, %(locale)s, %(week_start)s)
on conflict (lower(email)) do nothing
returning *

-- by_email --
select id, email, display_name, password_hash, token_epoch, is_active, email_verified_at, locale from users where lower(email) = lower(%(email)s)

-- by_id --
select id, email, display_name, password_hash, token_epoch, is_active, email_verified_at, locale from users where id = %(user_id)s

-- profile --
select id, email, password_hash, display_name, timezone, locale, week_start, role, is_active, token_epoch from users where id = %(user_id)s for update

-- signed_in --
update users set last_login_at = %(now)s where id = %(id)s

-- known_zone --
select exists (select from pg_timezone_names where name = %(timezone)s) as known

-- add_token --
insert into refresh_tokens (id, user_id, family, token_hash, created_at, expires_at, seen_at, device, ip, user_agent, provider_session)
values (%(id)s, %(user_id)s, %(family)s, %(token_hash)s, %(now)s, %(expires_at)s, %(seen_at)s, null, %(ip)s, %(user_agent)s, %(provider_session)s)

-- use_token --
-- One statement: of two that come with the same token, one gets it.
update refresh_tokens set used_at = %(now)s, replaced_by = %(successor)s
where token_hash = %(token_hash)s and seen_at is null and used_at is null and revoked_at is null and expires_at > %(now)s
returning user_id, family, expires_at

-- just_used --
-- A token whose successor is on its way: used moments ago, and nobody has used the successor yet.
select used.user_id, used.family, successor.token_hash as follows from refresh_tokens as used join refresh_tokens as successor on successor.id = used.replaced_by
where used.token_hash = %(token_hash)s and used.used_at > %(since)s and used.revoked_at is null and successor.used_at is null

-- family_of --
select family from refresh_tokens where token_hash = %(token_hash)s and seen_at is null

-- revoke_family --
update refresh_tokens set revoked_at = %(now)s where family = %(family)s and revoked_at is null

-- sessions --
select family as id, min(created_at) as created_at, max(greatest(created_at, seen_at)) as last_used_at, max(expires_at) as expires_at,
       (array_agg(ip order by created_at desc))[1] as ip, (array_agg(user_agent order by created_at desc))[1] as user_agent,
       family is not distinct from %(current)s as is_current
from refresh_tokens
where user_id = %(user_id)s and revoked_at is null and expires_at > %(now)s and (seen_at is null or seen_at > %(idle_since)s)
group by family order by last_used_at desc, family limit 200

-- revoke_session --
update refresh_tokens set revoked_at = %(now)s where user_id = %(user_id)s and family = %(family)s and revoked_at is null returning id

-- revoke_all_sessions --
update refresh_tokens set revoked_at = %(now)s
where user_id = %(user_id)s and revoked_at is null and (family = %(kept)s) is not true

-- seen --
update refresh_tokens set seen_at = %(now)s
where user_id = %(user_id)s and family = %(family)s and seen_at is not null and revoked_at is null

-- account --
select id, token_epoch, is_active from users where id = %(user_id)s

-- add_mail_token --
insert into mail_tokens (id, user_id, purpose, token_hash, created_at, expires_at, password_hash, profile)
values (%(id)s, %(user_id)s, %(purpose)s, %(token_hash)s, %(now)s, %(expires_at)s, %(password_hash)s, %(profile)s)

-- use_mail_token --
update mail_tokens set used_at = %(now)s
where token_hash = %(token_hash)s and purpose = %(purpose)s and used_at is null and expires_at > %(now)s
returning user_id, password_hash, profile

-- waiting_email_change --
select from mail_tokens
where user_id = %(user_id)s and purpose in ('confirm_new_email', 'confirm_old_email') and profile ->> 'change' = %(change)s and used_at is null

-- void_mail_tokens --
update mail_tokens set used_at = %(now)s where user_id = %(user_id)s and purpose = %(purpose)s and used_at is null

-- follow_password --
-- The link of the registration that this password comes from confirms the address and changes nothing else.
update mail_tokens set password_hash = %(password_hash)s
where user_id = %(user_id)s and used_at is null and password_hash = (select password_hash from users where id = %(user_id)s)

-- working_keys --
select name, prefix from api_keys
where user_id = %(user_id)s and revoked_at is null and (expires_at is null or expires_at > %(now)s)
order by created_at, id

-- revoke_keys --
update api_keys set revoked_at = %(now)s where user_id = %(user_id)s and revoked_at is null

-- new_epoch --
update users set token_epoch = token_epoch + 1 where id = %(user_id)s

-- verified --
update users set email_verified_at = coalesce(email_verified_at, %(now)s) where id = %(user_id)s

-- set_password --
-- The epoch makes every older access token void.
update users set password_hash = %(password_hash)s, token_epoch = token_epoch + 1 where id = %(user_id)s and is_active
returning id, email, display_name, token_epoch

-- lock --
-- Before an account is read for a change: of two who saw the same version, the second finds what the first has made of it.
select from users where id = %(user_id)s for update

-- me --
select id, email, display_name, timezone, locale, week_start, role, daily_focus_goal_minutes, created_at, version, is_active,
       email_verified_at is not null as email_is_verified,
       (select due_at from erasures where erasures.user_id = users.id and status = 'waiting') as erasure_due_at
from users where id = %(user_id)s

-- reached --
delete from bounces where user_id = %(user_id)s

-- add_pending_sign_in --
insert into pending_sign_ins (secret_hash, state, nonce, code_verifier, expires_at, authenticated_after)
values (%(secret_hash)s, %(state)s, %(nonce)s, %(code_verifier)s, %(expires_at)s, %(authenticated_after)s)

-- take_pending_sign_in --
delete from pending_sign_ins where secret_hash = %(secret_hash)s and state = %(state)s and expires_at > %(now)s
returning state, nonce, code_verifier, authenticated_after

-- identity --
select user_id from identities where issuer = %(issuer)s and subject = %(subject)s

-- add_identity --
insert into identities (issuer, subject, user_id, created_at) values (%(issuer)s, %(subject)s, %(user_id)s, %(now)s)

-- take_provider_sign_out --
insert into provider_sign_outs (token_hash, expires_at) values (%(token_hash)s, %(expires_at)s) on conflict do nothing returning token_hash

-- end_provider_sessions --
-- Those of a session at the provider, or all that its user began there.
update refresh_tokens set revoked_at = %(now)s
where revoked_at is null and provider_session is not null and (%(session)s::text is null or provider_session = %(session)s)
    and user_id in (select user_id from identities where issuer = %(issuer)s and (%(subject)s::text is null or subject = %(subject)s))
returning user_id, family

-- second_factor --
select confirmed_at, cardinality(recovery_hashes) as recovery_codes_left from second_factors where user_id = %(user_id)s

-- lock_second_factor --
-- Of two requests with the same code, the second finds it used.
select secret, last_step, recovery_hashes, confirmed_at from second_factors where user_id = %(user_id)s for update

-- begin_second_factor --
insert into second_factors (user_id, created_at, secret) values (%(user_id)s, %(now)s, %(secret)s)
on conflict (user_id) do update set created_at = excluded.created_at, secret = excluded.secret, last_step = 0
where second_factors.confirmed_at is null
returning user_id

-- use_step --
update second_factors set last_step = %(step)s where user_id = %(user_id)s

-- use_recovery_code --
update second_factors set recovery_hashes = array_remove(recovery_hashes, %(used)s) where user_id = %(user_id)s

-- set_recovery_codes --
update second_factors set recovery_hashes = %(hashes)s, confirmed_at = coalesce(confirmed_at, %(now)s) where user_id = %(user_id)s

-- remove_second_factor --
delete from second_factors where user_id = %(user_id)s

-- confirm_family --
update refresh_tokens set confirmed_at = %(now)s where user_id = %(user_id)s and family = %(family)s
