-- page --
select * from habits
where (archived_at is not null) = %(archived)s
  and (%(after_at)s::timestamptz is null or (created_at, id) < (%(after_at)s::timestamptz, %(after_id)s::uuid))
order by created_at desc, id desc limit %(limit)s + 1

-- on_day --
-- The habits that can be logged on a day, with its entry, and on how many days of that week each was done.
select habits.id as habit_id, title, frequency, times_per_week, weekdays, skipped, habit_logs.id is not null as is_logged,
       (select count(*) from habit_logs as others
        where others.habit_id = habits.id and not others.skipped and others.local_date between %(week)s and %(day)s) as done_this_week
from habits left join habit_logs on habit_logs.habit_id = habits.id and habit_logs.local_date = %(day)s
where archived_at is null and start_date <= %(day)s and (end_date is null or end_date >= %(day)s)
order by habits.created_at, habits.id limit 200

-- log --
select * from habit_logs where habit_id = %(habit_id)s and local_date = %(day)s

-- logs --
select * from habit_logs
where habit_id = %(habit_id)s and (%(since)s::date is null or local_date >= %(since)s) and (%(until)s::date is null or local_date <= %(until)s)
order by local_date desc limit 400

-- days --
select local_date, skipped from habit_logs where habit_id = %(habit_id)s order by local_date limit 40000

-- days_off --
select first_date, last_date from days_off where last_date >= %(since)s order by first_date limit 10000

-- week_start --
select week_start from users where id = %(user_id)s
