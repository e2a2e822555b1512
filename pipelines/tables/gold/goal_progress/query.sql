-- One row per goal and local day since it was made: how far it was, how far an even pace to its date would have it, on
-- the days that are not off (those still to come as they were known on that day, as in productivity_daily), and when
-- it is to be reached if it goes on as in up to twelve weeks before: as macros.sql says, from a line through what
-- each week added.
with
    versions as (
        select
            *,
            max(changed_on) over (partition by user_id, goal_id order by version rows unbounded preceding) as first_day
        from silver.goal_history
        semi join users using (user_id)
    ),
    spans as (
        select
            versions.*,
            today,
            min(first_day) over (partition by user_id, goal_id) as made_on,
            least(
                coalesce(lead(first_day) over (partition by user_id, goal_id order by version) - 1, today), today
            ) as last_day
        from versions
        join users using (user_id)
    ),
    days as (  -- of one that goes on no more, the day on which it ended
        select
            *,
            coalesce(start_date, made_on) as begins_on,
            unnest(
                generate_series(
                    first_day, case when status in ('active', 'paused') then last_day else first_day end, interval 1 day
                )
            )::date as local_date
        from spans
        where
            last_day >= first_day
            and (
                status in ('active', 'paused')
                and change <> 'goal.deleted'
                or change in ('goal.completed', 'goal.cancelled')
            )
    ),
    off_counts as (
        select
            user_id,
            goal_id,
            local_date,
            count(distinct off_date) filter (where off_date <= local_date) as off_before,
            count(distinct off_date) filter (where off_date > local_date) as off_ahead
        from days
        join days_off using (user_id)
        where
            local_date < target_date
            and off_date > begins_on
            and off_date <= target_date
            and case when off_date <= local_date then is_current else local_date between known_from and known_until end
        group by user_id, goal_id, local_date
    ),
    with_past as (  -- by dates, for a goal that was put off for a while has days without a row
        select
            *,
            progress - last_value(progress) over (
                goal order by local_date range between unbounded preceding and interval 28 days preceding
            ) as progress_28_days,
            progress - last_value(progress) over (
                goal order by local_date range between unbounded preceding and interval 7 days preceding
            ) as progress_week
        from days
        window goal as (partition by user_id, goal_id)
    ),
    with_week_before as (
        select
            *,
            last_value(progress_week) over (
                partition by user_id, goal_id
                order by local_date range between interval 7 days preceding and interval 7 days preceding
            ) as week_before
        from with_past
    ),
    with_line as (
        select
            *,
            sum(progress_week * week_before) over later_weeks as products,
            sum(progress_week + week_before) over later_weeks as pairs_sum,
            count(week_before) over later_weeks as pairs,
            count(progress_week) over weeks as n,
            avg(progress_week) over weeks as mean,
            coalesce(regr_syy(progress_week, local_date - date '1970-01-01') over weeks, 0) as syy,
            coalesce(7 * regr_slope(progress_week, local_date - date '1970-01-01') over weeks, 0) as slope,
            regr_sxx(progress_week, local_date - date '1970-01-01') over weeks / 49 as sxx
        from with_week_before
        window
            weeks as (
                partition by user_id, goal_id, (local_date - date '1970-01-01') % 7
                order by local_date range between interval 77 days preceding and current row
            ),
            later_weeks as (
                partition by user_id, goal_id, (local_date - date '1970-01-01') % 7
                order by local_date range between interval 70 days preceding and current row
            )
    ),
    with_trend as (  -- known too little of, not going on, or reached: nothing is said
        select
            * replace (case when n >= 3 and status = 'active' and progress < 100 and mean > 0 then mean end as mean),
            100 - progress as missing,
            coalesce(products - mean * pairs_sum + mean ^ 2 * pairs, 0) as together,
            coalesce(kept_trend(slope, sxx, noise(n, syy, slope, sxx, mean)), 0) as trend
        from with_line
    ),
    with_weeks as (  -- an empty mean leaves all that follows empty
        select
            *,
            case
                when mean is not null then greatest(0.35 * mean, least(3 * mean, mean + trend * (n - 1) / 2))
            end as pace,
            weeks_until(missing, pace, trend) as weeks
        from with_trend
    ),
    with_forecast as (select *, unsure(n, syy, mean, together, pace, trend, weeks) as unsure from with_weeks)
select
    user_id,
    bucket,
    goal_id,
    local_date,
    status,
    progress,
    target_date,
    case
        when target_date is null or target_date <= begins_on
        then null
        when local_date >= target_date
        then 100
        else
            100
            * greatest(0, local_date - begins_on - coalesce(off_before, 0))
            / greatest(1, target_date - begins_on - coalesce(off_before, 0) - coalesce(off_ahead, 0))
    end as expected_progress,
    progress - expected_progress as ahead,
    progress_28_days,
    reached_by(local_date, soonest(weeks, n, unsure)) as forecast_p10,
    reached_by(local_date, weeks) as forecast_p50,
    reached_by(local_date, latest(weeks, n, unsure)) as forecast_p90,
    chance(weeks, n, unsure, (target_date - local_date) / 7) as probability_on_time
from with_forecast
left join off_counts using (user_id, goal_id, local_date)
