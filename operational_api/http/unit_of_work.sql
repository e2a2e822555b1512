-- What a unit of work stores beside the changes of its request.

-- record_answer --
insert into idempotency_keys (user_id, key, request_hash, status, response, created_at)
values (%(user_id)s, %(key)s, %(request_hash)s, %(status)s, %(response)s, %(now)s)
