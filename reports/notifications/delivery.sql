-- Notifications for a moment, set by a person or by us. Who takes one from `scheduled` is the only one who mails it.

-- due --
select notifications.id, notifications.type, title, body, data, scheduled_at, notifications.user_id, coalesce(is_enabled, true) as is_enabled,
       coalesce('email' = any(told.channels), false) as is_mailed
from notifications
join users on users.id = notifications.user_id and is_active and erased_at is null
left join notification_preferences as told on told.user_id = notifications.user_id and told.type = notifications.type
where status = 'scheduled' and scheduled_at <= %(now)s and coalesce((data->>'again_at')::timestamptz, scheduled_at) <= %(now)s order by scheduled_at, notifications.id limit 1000

-- settle --
update notifications
set status = %(status)s, sent_at = case when %(status)s = 'sent' then %(now)s end, data = data || %(note)s, updated_at = %(now)s, version = version + 1
where id = %(id)s and status = %(was)s
returning id
