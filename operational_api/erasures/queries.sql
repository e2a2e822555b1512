-- waiting --
select id, created_at as requested_at, due_at from erasures where user_id = %(user_id)s and status = 'waiting'

-- add --
insert into erasures (id, user_id, user_hash, created_at, due_at)
values (%(id)s, %(user_id)s, %(user_hash)s, %(now)s, %(due_at)s)
returning id, created_at as requested_at, due_at

-- cancel --
update erasures set status = 'cancelled' where user_id = %(user_id)s and status = 'waiting' returning id

-- all --
select id, status, created_at, due_at, purge_at, finished_at from erasures
where status <> 'cancelled' order by created_at desc, id desc limit 200

-- certificate --
select certificate from erasures where id = %(id)s and certificate is not null
