-- all --
select * from incoming_hooks order by created_at, id

-- count --
select count(*) as hooks from incoming_hooks

-- by_token --
select incoming_hooks.*, timezone, role
from incoming_hooks join users on users.id = user_id
where token_hash = %(token_hash)s and is_active and erased_at is null

-- known --
select entity_id from incoming_items where hook_id = %(hook_id)s and source_key = %(source_key)s

-- keep --
insert into incoming_items (hook_id, source_key, user_id, entity_id) values (%(hook_id)s, %(source_key)s, %(user_id)s, %(entity_id)s)

-- note --
update incoming_hooks set last_used_at = %(now)s, problem = %(problem)s, updated_at = %(now)s where id = %(id)s
