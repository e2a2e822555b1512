-- Which goals were progressed and completed on each day, and how the day's progress compares with an even pace to
-- their dates.
with
    versions as (
        select
            *,
            max(changed_on) over (partition by user_id, goal_id order by version rows unbounded preceding) as first_day,
            progress > lag(progress) over (partition by user_id, goal_id order by version) as has_risen
        from silver.goal_history
        semi join dirty_days using (user_id)
    ),
    spans as (
        select
            *,
            coalesce(
                lead(first_day) over (partition by user_id, goal_id order by version) - 1, date '9999-12-31'
            ) as last_day
        from versions
    ),
    changes as (
        select
            user_id,
            changed_on as local_date,
            count(distinct goal_id) filter (where has_risen) as goals_progressed,
            count(distinct goal_id) filter (where change = 'goal.completed') as goals_completed
        from versions
        group by user_id, changed_on
    ),
    off_ahead as (  -- of a goal with a date, the days off until then
        select days.user_id, days.local_date, goal_id, count(distinct off_date) as days_off
        from days
        join spans using (user_id)
        join days_off using (user_id)
        where
            days.local_date - 1 between first_day and last_day
            and status = 'active'
            and off_date between days.local_date and target_date
            and case
                when off_date = days.local_date then is_current else days.local_date between known_from and known_until
            end
        group by days.user_id, days.local_date, goal_id
    ),
    paces as (
        select
            days.user_id,
            days.local_date,
            count(*) as dated_goals,
            avg(
                case
                    when later.status = 'completed' or morning.progress >= 100
                    then 1
                    else
                        least(
                            1,
                            greatest(
                                0,
                                (later.progress - morning.progress) / (
                                    (100 - morning.progress) / greatest(
                                        morning.target_date - days.local_date + 1 - coalesce(off_ahead.days_off, 0), 1
                                    )
                                )
                            )
                        )
                end
            ) as score_goals
        from days
        join
            spans as morning
            on morning.user_id = days.user_id
            and days.local_date - 1 between morning.first_day and morning.last_day
        join
            spans as later
            on later.user_id = morning.user_id
            and later.goal_id = morning.goal_id
            and days.local_date between later.first_day and later.last_day
        left join
            off_ahead
            on off_ahead.user_id = days.user_id
            and off_ahead.local_date = days.local_date
            and off_ahead.goal_id = morning.goal_id
        where morning.status = 'active' and morning.target_date is not null and morning.change <> 'goal.deleted'
        group by days.user_id, days.local_date
    )
select user_id, local_date, goals_progressed, goals_completed, dated_goals, score_goals
from changes
full join paces using (user_id, local_date)
