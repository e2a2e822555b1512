-- Each column counts what must not be.
select count(*) - count(distinct (user_id, habit_id)) as habits_twice, count(*) filter (where current > longest) as longer_than_the_longest,
       count(*) filter (where strength not between 0 and 1 or rate_30_days not between 0 and 1) as shares_out_of_range,
       count(*) filter (where longest > total) as streaks_of_more_than_was_done,
       count(*) filter (where frequency not in ('daily', 'weekdays', 'weekly') or unit not in ('days', 'weeks')) as words_that_are_none
from gold.habit_streaks
