-- Second factors, whose secrets are encrypted with the signing key.

-- users --
select user_id from second_factors order by user_id

-- secret --
select secret from second_factors where user_id = %(user_id)s for update

-- save --
update second_factors set secret = %(secret)s where user_id = %(user_id)s
