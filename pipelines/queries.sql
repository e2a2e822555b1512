-- incoming --
create temp table incoming (like priority_scores including defaults) on commit drop

-- copy --
copy incoming (user_id, task_id, score, rank, due_rank, urgency_rank, reasons, deadline_risk, importance, likelihood, is_baseline, task_version,
    model_version, as_of) from stdin (format csv)

-- look --
-- A temporary table has no statistics, and without them the plans below are those for a few rows.
analyze incoming

-- alone --
-- Nobody writes scores from here to the end; everybody reads those of before.
lock table priority_scores in share row exclusive mode

-- keep_shown --
-- When a score was first shown stays.
update incoming set shown_at = before.shown_at
from priority_scores as before
where before.user_id = incoming.user_id and before.task_id = incoming.task_id and before.shown_at is not null

-- drop --
-- All that is not newer than this batch; what a later write has already brought further is not set back.
delete from priority_scores where user_id = any(%(users)s::uuid[]) and as_of <= %(as_of)s

-- take_over --
insert into priority_scores
select * from incoming
where exists (select from users where id = user_id and erased_at is null)
  and not exists (select from priority_scores as newer where newer.user_id = incoming.user_id)
