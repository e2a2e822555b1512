-- What is encrypted with the signing key: which rows, one row's secrets, and their new ones.

-- second_factors --
select user_id as id, user_id from second_factors order by user_id

-- second_factor --
select secret from second_factors where user_id = %(id)s for update

-- save_second_factor --
update second_factors set secret = %(secret)s where user_id = %(id)s

-- webhooks --
select id, user_id from webhook_endpoints order by id

-- webhook --
select secret, old_secret from webhook_endpoints where id = %(id)s for update

-- save_webhook --
update webhook_endpoints set secret = %(secret)s, old_secret = %(old_secret)s where id = %(id)s

-- channels --
select id, user_id from notification_channels order by id

-- channel --
select secret from notification_channels where id = %(id)s for update

-- save_channel --
update notification_channels set secret = %(secret)s where id = %(id)s

-- calendars --
select id, user_id from calendar_connections order by id

-- calendar --
select credentials from calendar_connections where id = %(id)s for update

-- save_calendar --
update calendar_connections set credentials = %(credentials)s where id = %(id)s
