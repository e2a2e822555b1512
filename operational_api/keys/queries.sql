-- add --
insert into api_keys (id, user_id, created_at, name, prefix, key_hash, scopes, expires_at)
values (%(id)s, %(user_id)s, %(now)s, %(name)s, %(prefix)s, %(key_hash)s, %(scopes)s, %(expires_at)s)
returning id, name, prefix, scopes, created_at, last_used_at, expires_at, revoked_at

-- usable --
select count(*) as keys from api_keys where user_id = %(user_id)s and revoked_at is null and (expires_at is null or expires_at > %(now)s)

-- all --
-- Those that work are never pushed off the list by those that do not.
select id, name, prefix, scopes, created_at, last_used_at, expires_at, revoked_at from api_keys
where user_id = %(user_id)s
order by revoked_at is null and (expires_at is null or expires_at > %(now)s) desc, created_at desc, id desc limit 200

-- revoke --
update api_keys set revoked_at = coalesce(revoked_at, %(now)s) where id = %(id)s and user_id = %(user_id)s
returning name, prefix
