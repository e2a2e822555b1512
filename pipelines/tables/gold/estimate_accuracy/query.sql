-- One row per user and category, and one for all (the category *): how long things take against what they were
-- estimated at first. The factor is the geometric mean of actual by estimate, drawn towards 1 by five imagined tasks
-- that took what was estimated; the interval is where four of five tasks of this kind end up.
with
    done as (
        select user_id, coalesce(category_id, '') as category_id, ln(actual_minutes / first_estimated_minutes) as miss
        from gold.task_outcomes
        semi join users using (user_id)
        where completed_at is not null and not is_deleted and first_estimated_minutes > 0 and actual_minutes > 0
    ),
    grouped as (
        select
            user_id,
            category_id,
            count(*) as tasks,
            avg(miss order by miss) as mean_miss,
            coalesce(stddev_samp(miss order by miss), 0) as spread
        from
            (
                from done
                union all by name
                select user_id, '*' as category_id, miss
                from done
            )
        group by user_id, category_id
    )
select
    user_id,
    bucket,
    category_id,
    tasks,
    exp(mean_miss * tasks / (tasks + 5)) as factor,
    exp(
        mean_miss * tasks / (tasks + 5) - 1.2816 * sqrt((tasks * spread ^ 2 + 5 * 0.35 ^ 2) / (tasks + 5))
    ) as factor_low,
    exp(
        mean_miss * tasks / (tasks + 5) + 1.2816 * sqrt((tasks * spread ^ 2 + 5 * 0.35 ^ 2) / (tasks + 5))
    ) as factor_high,
    registered_on
from grouped
join users using (user_id)
