-- One row per cohort and number of weeks since: who came back. A cohort is of those whose first event, ever, lies in an
-- ISO week; a cell whose week is not over wherever they live has no row.
with
    weeks as (
        select distinct user_id, date_trunc('week', local_date)::date as week
        from silver.events
        where is_activity(type, actor, data) or type = 'user.registered'
    ),
    cohorts as (select user_id, min(week) as cohort_week from weeks group by user_id),
    sizes as (select cohort_week, count(*) as cohort from cohorts group by cohort_week),
    cells as (select cohort_week, cohort, unnest(generate_series(0, 51)) as weeks_since from sizes)
select
    cells.cohort_week,
    cells.weeks_since,
    any_value(cohort) as cohort,
    count(distinct weeks.user_id) as users,
    users / any_value(cohort) as share
from cells
left join cohorts using (cohort_week)
left join weeks on weeks.user_id = cohorts.user_id and weeks.week = cells.cohort_week + 7 * cells.weeks_since::integer
where cells.cohort_week + 7 * cells.weeks_since::integer + 6 <= last_day_over($as_of)
group by cells.cohort_week, cells.weeks_since
