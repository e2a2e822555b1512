-- One row; each column counts rows that break a rule, and is named for the rule.
select count(*) - count(distinct (user_id, local_date, task_id)) as tasks_scored_twice_a_day,
       count(*) filter (where score is null or score not between 0 and 100 or isnan(score)) as scores_out_of_range,
       count(*) filter (where rank < 1) as ranks_below_one,
       count(*) filter (where abs(score - list_sum(list_transform(from_json(reasons, '[{"points": "DOUBLE"}]'), lambda each: each.points))) > 1e-6)
           as reasons_that_do_not_add_up
from gold.priority_scores
