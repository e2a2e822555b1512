-- One row per workspace, cohort and step. A step counts where there is the one before it; the last one has no row
-- before
-- the second week of all users in the cohort is over.
with
    firsts as (
        select
            user_id,
            app_user_id,
            any_value(bucket) as bucket,
            min(local_date) as first_day,
            bool_or(is_known) as is_ever_known
        from gold.app_user_days
        group by user_id, app_user_id
    ),
    users as (
        select
            firsts.user_id,
            firsts.app_user_id,
            any_value(firsts.bucket) as bucket,
            date_trunc('week', any_value(firsts.first_day))::date as cohort_week,
            bool_or(firsts.is_ever_known) as is_identified,
            bool_or(days.local_date > firsts.first_day) as came_back,
            bool_or(days.local_date between firsts.first_day + 7 and firsts.first_day + 13) as came_in_week_2
        from firsts
        join gold.app_user_days as days on days.user_id = firsts.user_id and days.app_user_id = firsts.app_user_id
        group by firsts.user_id, firsts.app_user_id
    ),
    steps as (
        select
            user_id,
            bucket,
            cohort_week,
            unnest(
                [
                    {'step':1, 'name':'seen', 'is_reached':true},
                    {'step':2, 'name':'known', 'is_reached':is_identified},
                    {'step':3, 'name':'back', 'is_reached':is_identified and came_back},
                    {'step':4, 'name':'back_in_week_2', 'is_reached':is_identified and came_in_week_2}
                ],
                recursive := true
            )
        from users
    )
select
    user_id,
    cohort_week,
    step,
    name,
    count(*) as cohort,
    count(*) filter (where is_reached) as users,
    users / cohort as share,
    any_value(bucket) as bucket
from steps
group by user_id, cohort_week, step, name
having step < 4 or cohort_week + 19 <= last_day_over($as_of)
