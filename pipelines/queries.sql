-- incoming --
create temp table incoming (like priority_scores including defaults) on commit drop

-- copy --
copy incoming (user_id, task_id, score, rank, due_rank, urgency_rank, reasons, deadline_risk, importance, likelihood, is_baseline, task_version,
    model_version, as_of) from stdin (format csv)

-- look --
-- A temporary table has no statistics, and without them the plans below are those for a few rows.
analyze incoming

-- drop_gone --
delete from priority_scores
where user_id = any(%(users)s::uuid[]) and not exists (
    select from incoming where incoming.user_id = priority_scores.user_id and incoming.task_id = priority_scores.task_id)

-- take_over --
-- When a score was first shown stays; what a later write has already brought further is not set back.
insert into priority_scores
select incoming.* from incoming join users on users.id = incoming.user_id where users.erased_at is null
on conflict (user_id, task_id) do update
set score = excluded.score, rank = excluded.rank, due_rank = excluded.due_rank, urgency_rank = excluded.urgency_rank, reasons = excluded.reasons,
    deadline_risk = excluded.deadline_risk, importance = excluded.importance, likelihood = excluded.likelihood,
    is_baseline = excluded.is_baseline, task_version = excluded.task_version, model_version = excluded.model_version, as_of = excluded.as_of
where excluded.as_of >= priority_scores.as_of
