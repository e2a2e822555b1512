-- From which local day on each user's rows have to be computed, because of what new events say or because the days
-- have gone on. They are computed up to today, for each day builds on those before it; days that are only asked for
-- again stop where they are asked to. Rows from before `from_day` go where an undo took the facts that they came from:
-- from `gone_from` on.
with
    ahead as (  -- rows of days that have not begun: the clock ran ahead when they were computed
        select distinct user_id, today from recent_days join users using (user_id) where local_date > today
    ),
    first_days as (
        select user_id, min(local_date) as first_day
        from
            (
                select days.user_id, days.local_date
                from changed_days as days
                join users on users.user_id = days.user_id and days.local_date <= users.today
                union all
                select user_id, today
                from ahead
            )
        group by user_id
    ),
    in_meetings as (  -- what has passed of them goes on, by quarters of an hour; all with a recurring one
        select user_id
        from silver.calendar_event_history, (select time_bucket(interval 15 minutes, $last_as_of::timestamptz) as since)
        where
            time_bucket(interval 15 minutes, $as_of::timestamptz) > since
            and valid_to is null
            and busy
            and not all_day
            and start_at < $as_of
            and (rrule is not null or len(rdates) > 0 or end_at > since)
    ),
    histories as (  -- from the first day that anything tells of
        select
            users.*,
            greatest(
                registered_on - $days_before_registration,
                least(
                    registered_on,
                    facts.local_date,
                    case when not has_undone then rows.first_day end,
                    put_off.local_date
                )
            ) as begins_on,
            rows.first_day as first_row
        from
            (
                select *, user_id in (select user_id from new_events where is_undo(type, actor)) as has_undone
                from users
            ) as users
        left join first_facts as facts using (user_id)
        left join first_rows as rows using (user_id)
        left join deferred_days as put_off using (user_id)
    ),
    reasons as (
        select
            user_id,
            bucket,
            today,
            has_undone,
            case
                when user_id in (select user_id from recent_days) then greatest(first_day, begins_on) else begins_on
            end as from_day,
            first_row,
            user_id in (select user_id from new_events)
            or user_id in (select user_id from ahead)
            or user_id not in (select user_id from recent_days where recent_days.local_date = today)
            or user_id in (
                select user_id
                from silver.task_history
                where valid_to is null and due_at > $last_as_of and due_at <= $as_of
            )
            or user_id in (select user_id from deferred_days where is_due)
            or user_id in (select user_id from in_meetings) as is_behind
        from histories
        join first_days using (user_id)
    )
select
    user_id,
    bucket,
    today,
    from_day,
    case when has_undone then least(from_day, first_row) else from_day end as gone_from,
    case when is_behind then today else least(today, $to_day::date) end as to_day
from reasons
where is_behind or $from_day is not null and from_day <= coalesce($to_day::date, today)
