-- Each date of the days off. Those that have come by a day count as they are known now, those still to come as they
-- were known on that day, so that a day off that is added later changes no pace of before.
select
    user_id,
    unnest(generate_series(first_date, last_date, interval 1 day))::date as off_date,
    is_current,
    known_from,
    coalesce(
        lead(known_from) over (partition by user_id, day_off_id order by version) - 1, date '9999-12-31'
    ) as known_until
from
    (
        select
            *,
            valid_to is null as is_current,
            max(changed_on) over (
                partition by user_id, day_off_id order by version rows unbounded preceding
            ) as known_from
        from silver.day_off_history
        semi join users using (user_id)
    )
qualify change <> 'dayoff.deleted'
