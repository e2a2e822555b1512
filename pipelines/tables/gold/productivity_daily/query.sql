-- The productivity score `ps-2`: outcomes of a day against the user's own baseline and plan, drawn towards what was
-- to be expected where there is little evidence. Parts that do not apply drop out; doing more never lowers it; no
-- evidence gives null. Weights and constants are parameters, from focusflow.metrics. (`divide` is whole: the
-- formatter takes two slashes for a comment.)
with recursive
    known as (
        select
            user_id,
            local_date,
            is_day_off,
            tasks_completed,
            tasks_completed_on_time,
            tasks_due,
            habits_scheduled,
            habits_completed,
            focus_minutes
        from earlier_days
        union all by name
        select
            user_id,
            local_date,
            is_day_off,
            tasks_completed,
            tasks_completed_on_time,
            tasks_due,
            habits_scheduled,
            habits_completed,
            focus_minutes
        from outcomes
    ),
    usual as (  -- days off are not usual days
        select
            user_id,
            local_date,
            median(tasks_completed) filter (where isodow(local_date) <= 5 and not is_day_off) over eight_weeks
            as workday_median,
            median(tasks_completed) filter (where isodow(local_date) > 5 and not is_day_off) over eight_weeks
            as weekend_median,
            divide(count(*) filter (where not is_day_off) over eight_weeks, 7) as weeks,
            sum(tasks_completed_on_time) filter (where not is_day_off) over ninety_days
            / nullif(sum(tasks_due) filter (where not is_day_off) over ninety_days, 0) as on_time_rate,
            sum(habits_completed) filter (where not is_day_off) over ninety_days
            / nullif(sum(habits_scheduled) filter (where not is_day_off) over ninety_days, 0) as habit_rate,
            median(focus_minutes) filter (where focus_minutes > 0 and not is_day_off) over ninety_days as focus_median
        from known
        window
            eight_weeks as (
                partition by user_id
                order by local_date range between interval 56 days preceding and interval 1 day preceding
            ),
            ninety_days as (
                partition by user_id
                order by local_date range between interval 90 days preceding and interval 1 day preceding
            )
    ),
    baselines as (
        select
            outcomes.*,
            case when isodow(local_date) <= 5 then workday_median else weekend_median end as own_median,
            case when isodow(local_date) <= 5 then $usual_workday else $usual_weekend end as population_median,
            case when own_median is null then 0 else weeks end as n,
            greatest(1, (n * coalesce(own_median, 0) + 4 * population_median) / (n + 4)) as usual_completions,
            coalesce(focus_goal, focus_median) as wanted_minutes,
            least(1, coalesce(on_time_rate, 0.5)) as p0,
            least(1, coalesce(habit_rate, 0.5)) as h0,
            least(240, greatest(25, coalesce(focus_goal, focus_median))) as focus_target
        from outcomes
        join usual using (user_id, local_date)
    ),
    parts as (
        select
            *,
            tasks_completed / (tasks_completed + usual_completions) as score_throughput,
            case
                when tasks_due > 0 then least(1, (tasks_completed_on_time + 4 * p0) / (tasks_due + 4))
            end as score_on_time,
            case when wanted_minutes is not null then least(1, focus_minutes / focus_target) end as score_focus,
            case
                when habits_scheduled > 0 then least(1, (habits_completed + 2 * h0) / (habits_scheduled + 2))
            end as score_habits,
            case when wanted_minutes is not null then focus_target end as focus_target_minutes,
            greatest(
                1,
                tasks_due + habits_scheduled + least(open_at_start, 5) + (focus_goal is not null)::bigint + dated_goals
            ) as score_evidence,
            not is_day_off
            and events > 0
            and (
                tasks_due + habits_scheduled + open_at_start + dated_goals + tasks_completed + habits_completed > 0
                or focus_minutes > 0
            ) as has_score
        from baselines
    ),
    weighed as (
        select
            *,
            score_evidence / (score_evidence + 5) as score_lambda,
            (
                $score_throughput * score_throughput
                + $score_on_time * coalesce(score_on_time, 0)
                + $score_focus * coalesce(score_focus, 0)
                + $score_habits * coalesce(score_habits, 0)
                + $score_goals * coalesce(score_goals, 0)
            ) / (
                $score_throughput
                + $score_on_time * (score_on_time is not null)::integer
                + $score_focus * (score_focus is not null)::integer
                + $score_habits * (score_habits is not null)::integer
                + $score_goals * (score_goals is not null)::integer
            ) as score_raw
        from parts
    ),
    scored as (  -- day by day, for each day's expectation is made of the scores before it
        select
            user_id,
            from_day - 1 as local_date,
            null::double as score_prior,
            null::double as productivity_score,
            coalesce(
                (
                    select list(productivity_score order by local_date)
                    from earlier_days as earlier
                    where earlier.user_id = dirty_days.user_id and earlier.local_date >= from_day - 28
                ),
                []
            ) as last_scores
        from dirty_days
        union all
        select user_id, local_date, prior, score, list_append(last_scores, score)[-28:]
        from
            (
                select
                    weighed.user_id,
                    weighed.local_date,
                    last_scores,
                    coalesce(list_avg(last_scores) / 100, 0.5) as prior,
                    case when has_score then 100 * (score_lambda * score_raw + (1 - score_lambda) * prior) end as score
                from scored
                join weighed on weighed.user_id = scored.user_id and weighed.local_date = scored.local_date + 1
            )
    )
select
    weighed.*, score_prior, productivity_score, $score_version as score_version, strftime(local_date, '%Y-%m') as month
from weighed
join scored using (user_id, local_date)
