-- One row per cohort of registrations and step: how far users come in their first weeks. A step counts where there is
-- the one before it; the last one has no row before the second week of all users in the cohort is over.
with
    undone as (select user_id, subject from silver.events where is_undo(type, actor)),
    moments as (
        select
            user_id,
            min(occurred_at) filter (where type = 'user.registered') as registered,
            min(occurred_at) filter (where type = 'task.created') as first_task,
            min(occurred_at) filter (where type = 'task.completed') as first_completion,
            min(occurred_at) filter (where type = 'goal.created') as first_goal,
            min(local_date) filter (where type = 'user.registered') as registered_on
        from silver.events
        anti join undone using (user_id, subject)
        group by user_id
    ),
    came_back as (
        select events.user_id, min(occurred_at) as back
        from silver.events
        join moments using (user_id)
        where
            is_activity(type, actor, data)
            and type <> 'user.registered'
            and local_date between registered_on + 7 and registered_on + 13
        group by events.user_id
    ),
    people as (
        select
            user_id,
            date_trunc('week', registered_on)::date as cohort_week,
            registered,
            first_task,
            case when first_task is not null then first_completion end as completion_then,
            case when completion_then is not null then first_goal end as goal_then,
            case when goal_then is not null then back end as back_then
        from moments
        left join came_back using (user_id)
        where registered is not null
    ),
    steps as (
        select
            cohort_week,
            user_id,
            registered,
            unnest(
                [
                    {'step':1, 'name':'registered', 'reached_at':registered},
                    {'step':2, 'name':'first_task', 'reached_at':first_task},
                    {'step':3, 'name':'first_completion', 'reached_at':completion_then},
                    {'step':4, 'name':'first_goal', 'reached_at':goal_then},
                    {'step':5, 'name':'back_in_week_2', 'reached_at':back_then}
                ],
                recursive := true
            )
        from people
    ),
    sizes as (select cohort_week, count(*) as cohort from people group by cohort_week)
select
    cohort_week,
    step,
    name,
    any_value(cohort) as cohort,
    count(reached_at) as users,
    count(reached_at) / any_value(cohort) as share,
    median(greatest(0, epoch(reached_at - registered)) / 3600) filter (where reached_at is not null) as median_hours
from steps
join sizes using (cohort_week)
group by cohort_week, step, name
having step < 5 or cohort_week + 19 <= last_day_over($as_of)
