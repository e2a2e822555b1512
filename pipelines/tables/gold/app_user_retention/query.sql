-- One row per workspace, cohort and number of weeks since: who came back.
with
    weeks as (
        select distinct user_id, bucket, app_user_id, date_trunc('week', local_date)::date as week
        from gold.app_user_days
    ),
    cohorts as (select user_id, app_user_id, min(week) as cohort_week from weeks group by user_id, app_user_id),
    sizes as (select user_id, cohort_week, count(*) as cohort from cohorts group by user_id, cohort_week),
    cells as (select user_id, cohort_week, cohort, unnest(generate_series(0, 51)) as weeks_since from sizes),
    workspaces as (select user_id, any_value(bucket) as bucket from weeks group by user_id)
select
    cells.user_id,
    cells.cohort_week,
    cells.weeks_since,
    any_value(cells.cohort) as cohort,
    count(distinct weeks.app_user_id) as users,
    users / any_value(cells.cohort) as share,
    any_value(workspaces.bucket) as bucket
from cells
join workspaces on workspaces.user_id = cells.user_id
left join cohorts on cohorts.user_id = cells.user_id and cohorts.cohort_week = cells.cohort_week
left join
    weeks
    on weeks.user_id = cohorts.user_id
    and weeks.app_user_id = cohorts.app_user_id
    and weeks.week = cells.cohort_week + 7 * cells.weeks_since::integer
where cells.cohort_week + 7 * cells.weeks_since::integer + 6 <= last_day_over($as_of)
group by cells.user_id, cells.cohort_week, cells.weeks_since
