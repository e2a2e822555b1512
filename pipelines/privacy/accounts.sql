-- Accounts.

-- find --
select id from users where erased_at is null and (lower(email) = lower(%(user)s) or id::text = lower(%(user)s))

-- email --
select email from users where id = %(user_id)s and erased_at is null
