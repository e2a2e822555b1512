-- due --
-- Habits whose reminder time has come on the user's own clock, within the last two hours, that are due today and neither done nor skipped.
with here as (
    select users.id as user_id, locale, week_start, (%(now)s at time zone timezone)::date as today, (%(now)s at time zone timezone)::time as wall_time
    from users left join notification_preferences as wish on wish.user_id = users.id and wish.type = 'habit_reminder'
    where is_active and erased_at is null and coalesce(wish.is_enabled and wish.channels <> '{}', true)
)
select habits.id, habits.user_id, habits.title, locale, today
from here join habits using (user_id)
where reminder_time is not null and archived_at is null and start_date <= today and coalesce(end_date >= today, true)
  and wall_time - reminder_time between interval '0' and interval '2 hours'
  and not exists (select from days_off where days_off.user_id = here.user_id and today between first_date and last_date)
  and not exists (select from habit_logs where habit_logs.user_id = here.user_id and habit_id = habits.id and local_date = today)
  and case frequency
      when 'daily' then true
      when 'weekdays' then extract(isodow from today)::integer - 1 = any(weekdays)
      else times_per_week > (
          select count(*) from habit_logs
          where habit_logs.user_id = here.user_id and habit_id = habits.id and not skipped
            and local_date between today - (extract(isodow from today)::integer - 1 - week_start + 7) %% 7 and today)
  end
order by habits.user_id, reminder_time, habits.id

-- known --
select id from notifications where id = any(%(ids)s)

-- replace --
-- Of one habit, a reminder of an earlier day that nobody read is of no use.
update notifications set status = 'cancelled', updated_at = %(now)s, version = version + 1
where user_id = %(user_id)s and type = 'habit_reminder' and data->>'habit_id' = %(habit_id)s and id <> %(id)s and read_at is null
  and status in ('scheduled', 'sent')

-- tell --
insert into notifications (id, user_id, created_at, updated_at, type, title, body, data, scheduled_at)
values (%(id)s, %(user_id)s, %(now)s, %(now)s, 'habit_reminder', %(title)s, %(body)s, %(data)s, %(now)s)
on conflict (id) do nothing
