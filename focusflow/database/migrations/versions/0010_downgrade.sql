-- Scores can be made anew, so they are not carried back.
create table scores_before (
    like priority_scores including defaults including constraints,
    constraint scores_before_pkey primary key (user_id, task_id)
);
drop table priority_scores;
alter table scores_before rename to priority_scores;
alter table priority_scores rename constraint scores_before_pkey to priority_scores_pkey;
alter table priority_scores add constraint priority_scores_user_id_fkey foreign key (user_id) references users on delete cascade;

alter table priority_scores enable row level security, force row level security;
create policy own on priority_scores to focusflow_api using (user_id = current_user_id());
create policy reporting on priority_scores for select to focusflow_reporting using (true);
create policy scoring on priority_scores to focusflow_scoring using (true);
grant select, insert, update, delete on priority_scores to focusflow_api, focusflow_scoring;
grant select on priority_scores to focusflow_reporting;
