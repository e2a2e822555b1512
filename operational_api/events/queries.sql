-- key --
select secret from app_user_keys where user_id = %(user_id)s

-- add_key --
insert into app_user_keys (user_id, secret) values (%(user_id)s, %(secret)s) on conflict do nothing
