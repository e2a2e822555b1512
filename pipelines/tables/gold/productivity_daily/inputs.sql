-- oldest_event --
select min(local_date)
from new_events

-- new_users --
-- The range of the ids of those who have just registered, and of those who undo an import. Ids grow with time, so
-- most files are seen not to hold any of them.
select min(user_id), max(user_id)
from new_events
where type = 'user.registered' or is_undo(type, actor)

-- recent_days --
select user_id, bucket, month, local_date
from gold.productivity_daily

-- older_users --
-- Users of whom something from before the registration is to be computed, or everything: it matters how far back
-- their rows go.
select user_id, users.bucket, min(changed_on) as registered_on
from silver.user_history as users
left join (select user_id, min(local_date) as first_day from changed_days group by user_id) using (user_id)
where user_id not in (select user_id from new_events where type = 'user.registered')
group by user_id, users.bucket
having user_id not in (select user_id from recent_days) or min(first_day) < min(changed_on)

-- older_users_range --
select max(registered_on), list(distinct bucket)
from older_users

-- first_rows --
select user_id, min(local_date) as first_day
from gold.productivity_daily
semi join older_users using (user_id)
group by user_id

-- first_days --
-- From where on each user's tables have to be built again, and whether a day has begun for them.
select
    user_id,
    bucket,
    min(local_date) as first_day,
    user_id in (select user_id from dirty_days where to_day = today)
    and user_id not in (
        select recent_days.user_id
        from recent_days
        join dirty_days on dirty_days.user_id = recent_days.user_id and recent_days.local_date = today
    ) as has_turned
from
    (
        select user_id, bucket, local_date
        from changed_days
        where
            (user_id in (select user_id from dirty_days) or user_id in (select user_id from new_events))
            and user_id not in (select user_id from new_events where is_undo(type, actor))
        union all
        select user_id, bucket, gone_from
        from dirty_days
    )
group by user_id, bucket

-- extent --
select count(*), list(distinct bucket order by bucket), min(gone_from) - 2, max(to_day) + 2
from dirty_days

-- earlier_days --
-- What the baselines look back on.
select daily.*
from gold.productivity_daily as daily
join dirty_days using (user_id)
where local_date < gone_from and local_date >= from_day - $lookback_days

-- partitions --
-- What is replaced: the partitions of the computed days, and those with days that have not begun or are gone.
select month, bucket
from computed_days
union
select recent_days.month, recent_days.bucket
from recent_days
join dirty_days using (user_id)
where local_date > today
union
select daily.month, daily.bucket
from gold.productivity_daily as daily
join dirty_days using (user_id)
where daily.local_date >= gone_from and daily.local_date < from_day
order by all

-- rows --
-- The computed days, and beside them the other rows of their partitions. These stay as they are, but for days that
-- have not begun.
select *
from computed_days
union all by name
select daily.*
from gold.productivity_daily as daily
semi join partitions using (month, bucket)
anti join
    dirty_days
    on dirty_days.user_id = daily.user_id
    and (daily.local_date between dirty_days.gone_from and dirty_days.to_day or daily.local_date > dirty_days.today)
order by month, bucket, user_id, local_date
