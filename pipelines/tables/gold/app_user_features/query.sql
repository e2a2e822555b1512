-- One row per workspace, day and event name: how many users of the app used what.
select
    user_id,
    local_date,
    event_name,
    count(distinct app_user_id) as users,
    sum(events)::bigint as events,
    any_value(bucket) as bucket
from gold.app_user_days
group by user_id, local_date, event_name
