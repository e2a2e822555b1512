-- The audit log as a chain.

-- new --
select id, at, action, entity, actor_id, user_id, entity_id, before, after, ip, user_agent
from audit_log where number is null order by at, id limit %(limit)s for update

-- last --
select number, link from audit_log where number is not null order by number desc limit 1

-- has_link --
select from audit_log where number = %(number)s and link = %(link)s

-- first --
select number from audit_log where number is not null order by number limit 1

-- seal --
update audit_log set number = sealed.number, salt = sealed.salt, digest = sealed.digest, link = sealed.link
from unnest(%(ids)s::uuid[], %(numbers)s::bigint[], %(salts)s::text[], %(digests)s::text[], %(links)s::text[])
    as sealed (id, number, salt, digest, link)
where audit_log.id = sealed.id

-- sealed --
select number, salt, digest, link, id, at, action, entity, actor_id, user_id, entity_id, before, after, ip, user_agent
from audit_log where number is not null order by number

-- beginning --
-- What the entry of the deletion says of the last entry that went.
select after ->> 'link' as link from audit_log
where action = %(action)s and (after ->> 'number')::bigint = %(number)s and number is not null order by number desc limit 1

-- last_expired --
-- Before the first entry that is kept.
select number, link from audit_log
where number < coalesce((select min(number) from audit_log where at >= %(before)s), 9223372036854775807) order by number desc limit 1

-- expire --
delete from audit_log where number <= %(number)s
