-- What was there becomes the first partition. Row-level security and grants stand on the whole, by which alone it is asked.
alter table priority_scores rename to priority_scores_a;
alter table priority_scores_a rename constraint priority_scores_pkey to priority_scores_a_pkey;
alter table priority_scores_a drop constraint priority_scores_user_id_fkey, no force row level security, disable row level security;
drop policy own on priority_scores_a;
drop policy reporting on priority_scores_a;
drop policy scoring on priority_scores_a;
revoke all on priority_scores_a from focusflow_api, focusflow_reporting, focusflow_scoring;

create table priority_scores (
    like priority_scores_a including defaults including constraints,
    constraint priority_scores_pkey primary key (user_id, task_id)
) partition by range (user_id);
alter table priority_scores attach partition priority_scores_a for values from (minvalue) to (maxvalue);

alter table priority_scores enable row level security, force row level security;
create policy own on priority_scores to focusflow_api using (user_id = current_user_id());
create policy reporting on priority_scores for select to focusflow_reporting using (true);
create policy scoring on priority_scores to focusflow_scoring using (true);
grant select, insert, update, delete on priority_scores to focusflow_api, focusflow_scoring;
grant select on priority_scores to focusflow_reporting;
