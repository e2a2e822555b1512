-- About all users together, for analysts and admins: DuckDB's SQL. Ids name users where an operator has to find them; no name or address does.

-- activity --
select local_date, dau, wau, mau, stickiness, new_users, events
from gold.app_activity where platform = '*' and local_date between $first and $last order by local_date

-- retention --
select cohort_week, weeks_since, cohort, users, share
from gold.retention where cohort_week between date_trunc('week', $first) and $last and cohort >= $min_group_size
order by cohort_week, weeks_since

-- funnel --
select name, min(step) as step, sum(cohort)::bigint as cohort, sum(users)::bigint as users, sum(users) / nullif(sum(cohort), 0) as share
from gold.funnel where cohort_week between date_trunc('week', $first) and $last group by name
having sum(cohort) >= $min_group_size order by step

-- uplift --
select month, users, first_weekly, latest_weekly, mean_change, mean_change_low, mean_change_high, relative_change, share_up_20, detectable_change
from gold.uplift where users >= $min_group_size order by month

-- features --
select event_name, sum(events)::bigint as events, sum(users)::bigint as person_days, max(users) as most_on_a_day
from gold.feature_usage where local_date between $first and $last group by event_name
having max(users) >= $min_group_size order by events desc

-- scores --
select model_version, count(*) as tasks, count(distinct user_id) as people, avg(score) as mean_score, avg(deadline_risk) as deadline_risk,
       avg(importance) as importance, avg(likelihood) as likelihood
from gold.priority_scores where local_date = $last group by model_version order by tasks desc

-- reasons --
select reason->>'code' as code, count(*) as tasks, avg((reason->>'points')::double) as mean_points,
       sum((reason->>'points')::double) / (select count(*) from gold.priority_scores where local_date = $last) as points_a_task
from (select unnest(from_json(reasons, '["JSON"]')) as reason from gold.priority_scores where local_date = $last)
group by code order by points_a_task desc

-- quarantined_users --
select table_name, replace(rule, '_', ' ') as rule, count(distinct user_id) as users, sum(broken)::bigint as broken, min(since) as since
from quarantine.users group by all order by since, table_name, rule

-- quarantine --
-- Without the words of an event that its reason quotes: `focusflow quarantine` has them, for operators.
select regexp_replace(reason, '^(unknown (type|version)) .*$', '\1', 's') as reason, count(*) as events, min(log_offset) as first_offset, max(log_offset) as last_offset
from quarantine.events group by all order by events desc
