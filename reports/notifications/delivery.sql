-- Notifications for a moment, set by a user or by us. Who takes one from `scheduled` is the only one who mails it.

-- users --
-- Whose notifications are due: one look into the index per account and type, however many of them there are.
select users.id
from users
where is_active and erased_at is null and exists (
    select from unnest(%(types)s::text[]) as types (type)
    cross join lateral (
        select from notifications
        where user_id = users.id and notifications.type = types.type and status = 'scheduled' and due_at <= %(now)s
        order by due_at limit 1) as waiting)

-- due --
-- All users' first comes before anybody's second. Who is held gets no email now, and takes nobody's place.
with wanted as (
    select user_id, type, coalesce(is_enabled, true) as is_enabled, coalesce('email' = any(channels), is_emailed_by_default) as is_mailed
    from unnest(%(users)s::uuid[]) as users (user_id)
    cross join unnest(%(types)s::text[], %(emailed_by_default)s::boolean[]) as types (type, is_emailed_by_default)
    left join notification_preferences using (user_id, type)
), next as (
    select waiting.*, wanted.*, row_number() over (partition by user_id order by due_at, id) as turn
    from wanted
    cross join lateral (
        select id, title, body, data, scheduled_at, due_at, attempts from notifications
        where user_id = wanted.user_id and type = wanted.type and status = 'scheduled' and due_at <= %(now)s
        order by due_at, id limit %(of_a_user)s) as waiting
    where not (is_enabled and is_mailed and user_id = any(%(held)s::uuid[]) and wanted.type = any(%(waiting_types)s::text[]))
)
select * from next where turn <= %(of_a_user)s order by turn, due_at, id limit %(limit)s

-- settle --
update notifications
set status = %(status)s, sent_at = case when %(status)s = 'sent' then %(now)s end, attempts = %(attempts)s, next_attempt_at = %(next_attempt_at)s,
    data = data || %(note)s, updated_at = %(now)s, version = version + 1
where id = %(id)s and status = %(was)s
returning id
