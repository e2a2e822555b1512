-- Whom a report is for.

-- people --
select users.id, users.email, display_name, timezone, week_start, locale, users.created_at,
       is_active, is_active and (not %(must_verify)s or email_verified_at is not null) and bounces.user_id is null as is_reachable,
       bounces.user_id is not null as has_bounced,
       preferences.user_id is not null as has_chosen, quiet_from, quiet_until, weekly_report, weekly_report_day, weekly_report_hour,
       monthly_report, empty_week, case when is_enabled then channels when not is_enabled then '{}' end as channels
from users
left join bounces on bounces.user_id = users.id and bounces.email = lower(users.email)
left join preferences on preferences.user_id = users.id
left join notification_preferences as told on told.user_id = users.id and told.type = 'report'
where erased_at is null and (%(email)s::text is null or lower(users.email) = lower(%(email)s)) and (%(user_ids)s::uuid[] is null or users.id = any(%(user_ids)s))

-- bounced --
insert into bounces (user_id, email, bounced_at, reason) values (%(user_id)s, lower(%(email)s), %(now)s, %(reason)s)
on conflict (user_id) do update set email = excluded.email, bounced_at = excluded.bounced_at, reason = excluded.reason
where bounces.email <> excluded.email
returning user_id

-- tell_bounced --
insert into notifications (id, user_id, created_at, updated_at, type, title, body, channels, scheduled_at, sent_at, status)
values (%(id)s, %(user_id)s, %(now)s, %(now)s, 'system', %(title)s, %(body)s, '{in_app}', %(now)s, %(now)s, 'sent')

-- bounces --
select users.email, bounced_at, reason from bounces join users on users.id = user_id and lower(users.email) = bounces.email order by bounced_at desc

-- forget --
delete from bounces using users where users.id = user_id and lower(users.email) = lower(%(email)s)
