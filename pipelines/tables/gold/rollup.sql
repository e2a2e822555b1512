-- One row per user and week or month, from their days: sums that equal the days', rates, and whether it was more or
-- less than is usual for this user: the usual range is computed from the earlier whole periods. Days off count in
-- no comparison: earlier amounts are taken as for as many days on as the period has, and a period of mostly days off
-- is compared with nothing. The score is the mean of the days that are over. Numbers with a fraction are summed in
-- the order of days, so that the same days give the same sum to the last digit.
with
    days as (
        select
            daily.*,
            today,
            case
                $period
                when 'week'
                then local_date - (isodow(local_date) - 1 - week_start + 7)::integer % 7
                else date_trunc('month', local_date)::date
            end as first_day
        from gold.productivity_daily as daily
        join users using (user_id)
    ),
    periods as (
        select
            user_id,
            any_value(bucket) as bucket,
            first_day,
            case $period when 'week' then first_day + 6 else last_day(first_day) end as final_day,
            count(*) as days,
            count(*) filter (where is_day_off) as days_off,
            any_value(today) > final_day as is_complete,
            count(productivity_score) filter (where local_date < today) as days_with_score,
            avg(productivity_score order by local_date) filter (where local_date < today) as productivity_score,
            sum(tasks_created)::bigint as tasks_created,
            sum(tasks_completed)::bigint as tasks_completed,
            sum(tasks_completed_with_due)::bigint as tasks_completed_with_due,
            sum(tasks_completed_on_time)::bigint as tasks_completed_on_time,
            sum(tasks_due)::bigint as tasks_due,
            arg_max(tasks_open, local_date) as tasks_open,
            arg_max(tasks_overdue, local_date) as tasks_overdue,
            sum(goals_progressed)::bigint as goals_progressed,
            sum(goals_completed)::bigint as goals_completed,
            sum(habits_scheduled)::bigint as habits_scheduled,
            sum(habits_completed)::bigint as habits_completed,
            sum(focus_minutes order by local_date) as focus_minutes,
            sum(pomodoro_sessions)::bigint as pomodoro_sessions,
            sum(meeting_minutes order by local_date) as meeting_minutes,
            sum(ai_plans_generated)::bigint as ai_plans_generated,
            sum(activity_events)::bigint as activity_events
        from days
        group by user_id, first_day
    ),
    with_length as (  -- mostly days off: compared with nothing
        select
            *, final_day - first_day + 1 as length, length - days_off as days_on, 2 * days_off < length as is_comparable
        from periods
    ),
    with_earlier as (
        select
            *,
            tasks_completed_on_time / nullif(tasks_completed_with_due, 0) as on_time_rate,
            habits_completed / nullif(habits_scheduled, 0) as habit_rate,
            list({'days_on':days_on, 'amount':tasks_completed::double}) filter (
                where days = length and is_comparable
            ) over earlier as completed_of,
            list({'days_on':days_on, 'amount':focus_minutes}) filter (
                where days = length and is_comparable
            ) over earlier as focus_of,
            list(productivity_score) filter (
                where productivity_score is not null and days = length and is_comparable
            ) over earlier as scores_of
        from with_length
        window earlier as (partition by user_id order by first_day rows between 26 preceding and 1 preceding)
    ),
    scaled as (
        select
            * exclude (completed_of, focus_of, scores_of),
            case when is_comparable then as_long_as(completed_of, days_on) end as earlier_completed,
            case when is_comparable then as_long_as(focus_of, days_on) end as earlier_focus,
            case when is_comparable then scores_of end as earlier_scores
        from with_earlier
    ),
    with_ranges as (
        select
            *,
            usual_range(earlier_completed) as completed_range,
            usual_range(earlier_focus) as focus_range,
            usual_range(earlier_scores) as score_range
        from scaled
    ),
    with_usual as (
        select
            * exclude (earlier_completed, earlier_focus, earlier_scores, completed_range, focus_range, score_range),
            fewest(completed_range.low, completed_range.high) as tasks_completed_usual_low,
            most(completed_range.low, completed_range.high) as tasks_completed_usual_high,
            focus_range.low as focus_minutes_usual_low,
            focus_range.high as focus_minutes_usual_high,
            score_range.low as productivity_score_usual_low,
            score_range.high as productivity_score_usual_high
        from with_ranges
    ),
    with_trend as (
        select
            *,
            trend(
                tasks_completed, tasks_completed_usual_low, tasks_completed_usual_high, is_complete
            ) as tasks_completed_trend,
            trend(focus_minutes, focus_minutes_usual_low, focus_minutes_usual_high, is_complete) as focus_minutes_trend,
            trend(
                productivity_score, productivity_score_usual_low, productivity_score_usual_high, is_complete
            ) as productivity_score_trend
        from with_usual
    )
select
    * replace (
        case
            when is_complete and not is_comparable then 'days_off' else tasks_completed_trend
        end as tasks_completed_trend,
        case when is_complete and not is_comparable then 'days_off' else focus_minutes_trend end as focus_minutes_trend,
        case
            when is_complete and not is_comparable then 'days_off' else productivity_score_trend
        end as productivity_score_trend
    ),
    strftime(first_day, '%Y-%m') as month
from with_trend
where first_day >= (select from_day from dirty_months)
