-- The audit log.

-- record --
-- Sent with the commit: it costs a request no way of its own.
insert into audit_log (id, at, actor_id, user_id, action, entity, entity_id, before, after, ip, user_agent)
values (%(id)s, %(at)s, %(actor_id)s, %(user_id)s, %(action)s, %(entity)s, %(entity_id)s, %(before)s, %(after)s, %(ip)s, %(user_agent)s)
