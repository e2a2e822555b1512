-- Exports that users asked for. `waiting`, `expire` and `kept` are about all users.

-- waiting --
select id, user_id from exports where status = 'requested' order by created_at, id

-- attempt --
update exports set attempts = attempts + 1, updated_at = %(now)s where id = %(id)s

-- give_up --
update exports set status = 'failed', finished_at = %(now)s, updated_at = %(now)s, version = version + 1
where id = %(id)s and attempts >= %(attempts)s

-- finish --
update exports set status = 'ready', bytes = %(bytes)s, expires_at = %(expires_at)s, finished_at = %(now)s, updated_at = %(now)s,
    version = version + 1
where id = %(id)s and status = 'requested'

-- expire --
update exports set status = 'expired', updated_at = %(now)s, version = version + 1 where status = 'ready' and expires_at <= %(now)s

-- kept --
select id from exports where status in ('requested', 'ready')
