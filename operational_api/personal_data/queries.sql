-- newest --
select id, status, created_at, finished_at, expires_at, bytes from exports
where user_id = %(user_id)s order by created_at desc, id desc limit 1

-- add --
insert into exports (id, user_id, created_at, updated_at) values (%(id)s, %(user_id)s, %(now)s, %(now)s)
returning id, status, created_at, finished_at, expires_at, bytes

-- of_late --
select count(*) as exports from exports where user_id = %(user_id)s and created_at > %(since)s

-- ready --
select id, expires_at from exports
where user_id = %(user_id)s and status = 'ready' and expires_at > %(now)s order by created_at desc, id desc limit 1
