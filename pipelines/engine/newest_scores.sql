-- What is published of the lake, for DuckDB. Users in quarantine keep the scores that they have.

-- newest_scores --
-- The scores of the last batch, or of a user alone since. `moments` has the latter users.
select
    user_id, task_id, score, rank, rank_by_due_date, rank_by_urgency, reasons, deadline_risk, importance, likelihood, is_baseline,
    task_version, model_version, as_of::varchar as as_of
from gold.priority_scores
left join moments using (user_id)
where as_of = coalesce(scored_at, $as_of) and not list_contains($withheld::varchar[], user_id)

-- users --
-- A user without open tasks has no row in the last batch, so the users are read from elsewhere.
select distinct user_id from silver.user_history where not list_contains($withheld::varchar[], user_id)
