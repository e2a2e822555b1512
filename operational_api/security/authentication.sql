-- Who a caller is: the first statement of a request, which also reads the recorded answer of its Idempotency-Key.

-- by_sign_in --
select timezone, role, is_active, token_epoch, request_hash, status, response, idempotency_keys.created_at as key_used_at,
       exists (select from second_factors where second_factors.user_id = users.id and confirmed_at is not null) as has_second_factor
from users
left join idempotency_keys on idempotency_keys.user_id = id and key = %(key)s
where id = %(user_id)s and not exists (select from refresh_tokens where family = %(family)s and revoked_at is not null)

-- by_session --
select timezone, role, is_active, request_hash, status, response, idempotency_keys.created_at as key_used_at, family,
       exists (select from second_factors where second_factors.user_id = users.id and second_factors.confirmed_at is not null) as has_second_factor
from refresh_tokens join users on users.id = refresh_tokens.user_id
left join idempotency_keys on idempotency_keys.user_id = users.id and idempotency_keys.key = %(key)s
where token_hash = %(token_hash)s and refresh_tokens.user_id = %(user_id)s and revoked_at is null
  and expires_at > clock_timestamp() and seen_at > clock_timestamp() - %(idle)s::interval

-- by_key --
select timezone, role, is_active, request_hash, status, response, idempotency_keys.created_at as key_used_at,
       api_keys.id as key_id, scopes, last_used_at is null or last_used_at < clock_timestamp() - interval '5 minutes' as is_first_use,
       exists (select from second_factors where second_factors.user_id = users.id and confirmed_at is not null) as has_second_factor
from api_keys join users on users.id = api_keys.user_id
left join idempotency_keys on idempotency_keys.user_id = users.id and idempotency_keys.key = %(key)s
where key_hash = %(key_hash)s and api_keys.user_id = %(user_id)s and revoked_at is null
  and (expires_at is null or expires_at > clock_timestamp())

-- record_use --
-- Every few minutes, not with each request: enough to find unused keys.
update api_keys set last_used_at = %(now)s where id = %(key_id)s
