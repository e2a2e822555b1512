-- Every user: the bucket, the first day, the first day of the week, and today, which is the last date that it has
-- been where the user was: who flies west has yesterday again, but no day goes.
select
    user_id,
    any_value(bucket) as bucket,
    min(changed_on) as registered_on,
    coalesce(arg_max(week_start, version), 0) as week_start,
    max(timezone(timezone, least(valid_to, $as_of::timestamptz))::date) as today
from silver.user_history
group by user_id
