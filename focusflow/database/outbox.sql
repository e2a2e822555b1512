-- Appending events to the outbox.

-- one --
insert into outbox (event_id, user_id, bucket, value) values (%(id)s, %(user)s, %(bucket)s, %(value)s)

-- many --
-- COPY is no quicker, and Postgres refuses it under row-level security.
insert into outbox (event_id, user_id, bucket, value)
select id, %(user)s, %(bucket)s, value from unnest(%(ids)b::uuid[], %(values)b::text[]) as given (id, value)
