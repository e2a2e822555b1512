-- Whom a report is for.

-- people --
select users.id, email, display_name, timezone, week_start, locale, users.created_at,
       is_active and (not %(must_verify)s or email_verified_at is not null) as is_reachable,
       preferences.user_id is not null as has_chosen, quiet_from, quiet_until, weekly_report, weekly_report_day, weekly_report_hour,
       monthly_report, empty_week, case when is_enabled then channels when not is_enabled then '{}' end as channels
from users
left join preferences on preferences.user_id = users.id
left join notification_preferences as told on told.user_id = users.id and told.type = 'report'
where erased_at is null and (%(email)s::text is null or lower(email) = lower(%(email)s)) and (%(user_id)s::uuid is null or users.id = %(user_id)s)
