-- Each column counts what must not be.
select (select count(*) - count(distinct (user_id, first_day)) from gold.productivity_weekly) as rows_twice,
       (select count(*) from gold.productivity_weekly where tasks_completed_on_time > tasks_completed_with_due or on_time_rate > 1) as more_on_time_than_due,
       (select count(*) from gold.productivity_weekly where productivity_score not between 0 and 100) as scores_out_of_range,
       (select abs(coalesce(sum(tasks_completed), 0) - (select coalesce(sum(tasks_completed), 0) from gold.productivity_daily))
        from gold.productivity_weekly)::bigint as completions_that_the_days_do_not_have,
       (select (abs(coalesce(sum(focus_minutes), 0) - (select coalesce(sum(focus_minutes), 0) from gold.productivity_daily)) > 0.01)::bigint
        from gold.productivity_weekly) as focus_that_the_days_do_not_have,
       (select count(*) from gold.productivity_weekly where tasks_completed_usual_low > tasks_completed_usual_high) as ranges_upside_down,
       (select count(*) from gold.productivity_weekly
        where concat(tasks_completed_trend, ' ', focus_minutes_trend, ' ', productivity_score_trend)
              not similar to '((higher|lower|usual|too_little_data|running) ?){3}') as words_that_are_none
