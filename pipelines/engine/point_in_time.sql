-- known --
-- Every event of a user that was recorded by a moment.
select *
from silver.events
where user_id = $user_id and recorded_at <= $as_of
order by bucket, log_offset

-- late --
-- What happened by a moment and was recorded after it: figures published then could not count it.
select type, subject, occurred_at, recorded_at
from silver.events
where user_id = $user_id and recorded_at > $as_of and occurred_at <= $as_of
order by recorded_at, log_offset

-- day --
select *
from gold.productivity_daily
where user_id = $user_id and local_date = $day

-- priorities --
select task_id, rank, score, deadline_risk, importance, likelihood, model_version, as_of
from gold.priority_scores
where user_id = $user_id and local_date = $day
order by rank
