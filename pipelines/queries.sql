-- incoming --
create temp table incoming (like priority_scores including defaults) on commit drop

-- drop_gone --
delete from priority_scores
where user_id = any(%(users)s::uuid[]) and not exists (
    select from incoming where incoming.user_id = priority_scores.user_id and incoming.task_id = priority_scores.task_id)

-- take_over --
insert into priority_scores
select incoming.* from incoming join users on users.id = incoming.user_id where users.erased_at is null
on conflict (user_id, task_id) do update
set score = excluded.score, rank = excluded.rank, reasons = excluded.reasons, model_version = excluded.model_version, as_of = excluded.as_of,
    task_version = excluded.task_version
