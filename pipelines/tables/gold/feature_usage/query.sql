-- One row a day and name of a tracked event: who used what.
select
    local_date,
    coalesce(data ->> 'name', '') as event_name,
    count(distinct user_id) as users,
    count(*) as events,
    strftime(local_date, '%Y-%m') as month
from silver.events
where type = 'activity.tracked' and not is_of_app_user(type, data) and local_date >= (select from_day from dirty_months)
group by local_date, coalesce(data ->> 'name', '')
