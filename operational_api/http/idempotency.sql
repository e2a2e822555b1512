-- Idempotency-Keys of requests that take longer than a transaction may.

-- claim --
insert into idempotency_keys (user_id, key, request_hash, created_at)
values (%(user_id)s, %(key)s, %(request_hash)s, %(now)s)
on conflict (user_id, key) do update set created_at = %(now)s

-- record --
update idempotency_keys set status = 200, response = %(response)s where user_id = %(user_id)s and key = %(key)s

-- release --
delete from idempotency_keys where user_id = %(user_id)s and key = %(key)s and status is null
