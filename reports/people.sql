-- Whom a report is for.

-- by_email --
select id, display_name, timezone, week_start from users where lower(email) = lower(%(email)s) and erased_at is null
