-- in_turn --
select pg_advisory_xact_lock(hashtextextended('priority_scores', 0))

-- serving --
select inhrelid::regclass::text as name from pg_inherits where inhparent = 'priority_scores'::regclass

-- scoring --
set local role focusflow_scoring

-- alone --
-- Nobody writes scores from here to the end; all users read those of before.
lock table priority_scores in share row exclusive mode

-- newer --
-- Whoever has scores that a later write brought further. Scores of a moment still to come are of a clock that ran ahead, and go.
select distinct user_id from priority_scores where as_of > %(as_of)s and as_of <= clock_timestamp()

-- owner --
reset role

-- patience --
set local lock_timeout = '100ms'

-- create --
create table {fresh} (like priority_scores including defaults including constraints);
grant select, insert, update, delete on {fresh} to focusflow_scoring

-- copy --
-- Frozen as it is written, so that nothing has to look at it again.
copy {fresh} (user_id, task_id, score, rank, due_rank, urgency_rank, reasons, deadline_risk, importance, likelihood, is_baseline,
    task_version, model_version, as_of) from stdin (format csv, freeze)

-- index --
alter table {fresh} add primary key (user_id, task_id); analyze {fresh}

-- carry_over --
-- What the batch does not know: scores written since. Users who were erased meanwhile have no scores.
delete from {fresh} where not exists (select from users where id = user_id and erased_at is null) or user_id = any ({newer});

insert into {fresh} select * from priority_scores
where as_of > {as_of} and as_of <= clock_timestamp() or user_id <> all ({users})

-- take_over --
-- Row-level security is that of the whole table, so no role reads a partition by its own name.
drop table {before};
revoke all on {fresh} from focusflow_scoring;
alter table priority_scores attach partition {fresh} for values from (minvalue) to (maxvalue)

-- incoming --
create temp table incoming (like priority_scores including defaults) on commit drop;
grant select on incoming to focusflow_scoring

-- copy_users --
copy incoming (user_id, task_id, score, rank, due_rank, urgency_rank, reasons, deadline_risk, importance, likelihood, is_baseline,
    task_version, model_version, as_of) from stdin (format csv)

-- drop_users --
-- Whoever has scores that a later write brought further keeps them.
delete from priority_scores as old
where user_id = any(%(users)s) and not exists (
    select from priority_scores as newer
    where newer.user_id = old.user_id and newer.as_of > %(as_of)s and newer.as_of <= clock_timestamp())

-- take_users --
-- Whoever was erased meanwhile gets no scores.
insert into priority_scores
select incoming.* from incoming join users on users.id = incoming.user_id
where users.erased_at is null and incoming.user_id = any(%(users)s)
  and not exists (select from priority_scores as newer where newer.user_id = incoming.user_id)

-- announce --
-- One message that has not been begun to be sent is enough: its receiver then fetches the newest scores.
insert into webhook_deliveries (id, user_id, endpoint_id, event_id, type, created_at, happened_at, data, next_attempt_at)
select gen_random_uuid(), user_id, id, gen_random_uuid(), 'scores.changed', clock_timestamp(), %(as_of)s, '{}', clock_timestamp()
from webhook_endpoints as endpoint
where user_id = any(%(users)s) and status = 'active' and 'scores.changed' = any(event_types)
  and not exists (
      select from webhook_deliveries as waiting
      where waiting.endpoint_id = endpoint.id and type = 'scores.changed' and status = 'waiting' and attempts = 0)
