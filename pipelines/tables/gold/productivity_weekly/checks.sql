-- Each column counts what must not be.
with of_periods as (
    select user_id, sum(tasks_completed) as periods_completed, sum(focus_minutes) as periods_focus from gold.productivity_weekly group by user_id
), of_days as (
    select user_id, sum(tasks_completed) as days_completed, sum(focus_minutes) as days_focus from gold.productivity_daily group by user_id
), of_users as (
    from of_periods full join of_days using (user_id)
)
select (select count(*) - count(distinct (user_id, first_day)) from gold.productivity_weekly) as rows_twice,
       (select count(*) from gold.productivity_weekly where tasks_completed_on_time > tasks_completed_with_due or on_time_rate > 1) as more_on_time_than_due,
       (select count(*) from gold.productivity_weekly where productivity_score not between 0 and 100) as scores_out_of_range,
       (select count(*) from of_users where periods_completed is distinct from days_completed) as completions_that_the_days_do_not_have,
       (select count(*) from of_users where abs(coalesce(periods_focus, 0) - coalesce(days_focus, 0)) > 0.01) as focus_that_the_days_do_not_have,
       (select count(*) from gold.productivity_weekly where tasks_completed_usual_low > tasks_completed_usual_high) as ranges_upside_down,
       (select count(*) from gold.productivity_weekly
        where concat(tasks_completed_trend, ' ', focus_minutes_trend, ' ', productivity_score_trend)
              not similar to '((higher|lower|usual|too_little_data|running) ?){3}') as words_that_are_none
