-- One row a day and name of a tracked event: who used what.
select local_date, coalesce(data->>'name', '') as event_name, count(distinct user_id) as users, count(*) as events
from silver.events where type = 'activity.tracked' group by local_date, coalesce(data->>'name', '')
