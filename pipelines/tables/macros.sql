-- Macros that the statements of tables call by name.
--
-- A user's usual range is an interval that the next period lies in about 82 times in 100 (see docs/metrics.md). It is
-- computed on square roots, which makes counts and durations nearly symmetric. Its center is the mean, moved toward
-- the last period by the autocorrelation of the series (carried). Its half width is Student's t for 83 % and what the
-- earlier periods left unexplained; both grow for short series. Of counts it holds the whole numbers in it.
-- list_transform over a list of one computes a step once and names it.
--
-- A user is active by what they began themselves: no delivery, no run of the pipeline, and nothing that the users of
-- their app did (is_of_app_user). The day last_day_over is over in every time zone. What the undo of an import removes
-- never was: it leaves all tables, with all that was said of it.
--
-- When a goal is reached: a straight line through up to twelve weeks gives the pace now and its growth, which noise
-- shrinks (kept_trend). The pace goes on to grow seven times as fast, for goals with a date are hurried at the end,
-- and never falls. The time that this takes has a lognormal distribution, whose deviation (unsure) adds up the noise
-- of the weeks, a pace that wanders, the more the more good weeks followed good ones (carried_over), and the part that
-- the trend made up; it is never so large that the soonest day would be today. A time that is long beside the weeks known (far_ahead) is more
-- often shorter than longer, for a pace seldom stays so low; a short one the other way round. The constants hold 75 to 85 % of seven kinds of generated goals between p10 and p90. normal is the distribution function of the normal distribution, to 0.0002.

-- Amounts of earlier periods, as for so many days on.
create or replace macro as_long_as(earlier, days) as
    list_transform(earlier, lambda each: case when each.days_on = days then each.amount else each.amount * days / each.days_on end);
create or replace macro t_of_usual(freedom) as 1.3722 + 0.9890 / freedom + 0.7269 / freedom ^ 2 + 0.3731 / freedom ^ 3;
create or replace macro from_root(root) as greatest(0, round(greatest(0, root) ^ 2 - 0.375, 6));
create or replace macro moments(y) as {
    'n': len(y)::double, 'mean': list_avg(y), 'first': y[1] - list_avg(y), 'last': y[-1] - list_avg(y),
    'spread': greatest(0, round(list_dot_product(y, y) - list_sum(y) ^ 2 / len(y), 9)),
    'together': list_dot_product(y[2:], y[:len(y) - 1]) - list_avg(y) * (list_sum(y) - y[1] - y[-1]) - list_avg(y) ^ 2
};
create or replace macro carried(m) as
    least(0.9, greatest(0, 1 / m.n + (1 + 4 / m.n) * coalesce(m.together / nullif(m.spread, 0), 0)));
create or replace macro half_width(m, rho) as
    sqrt(greatest(0, m.spread - m.first ^ 2 - 2 * rho * m.together + rho ^ 2 * (m.spread - m.last ^ 2)) / (m.n - 2))
    * t_of_usual(m.n - 1) * sqrt(1 + (1 - rho ^ 2) / m.n) * (1 + 0.4 * rho / sqrt(m.n));
create or replace macro usual_range(earlier) as
    case when len(earlier) >= 6 then
        list_transform([list_transform(earlier, lambda value: sqrt(greatest(0, value) + 0.375))::double[]], lambda y:
            list_transform([moments(y)], lambda m:
                list_transform([carried(m)], lambda rho:
                    list_transform([half_width(m, rho)], lambda half: {
                        'low': from_root(m.mean + rho * m.last - half), 'high': from_root(m.mean + rho * m.last + half)
                    })[1])[1])[1])[1]
    end;
create or replace macro usual_low(earlier) as usual_range(earlier).low;
create or replace macro usual_high(earlier) as usual_range(earlier).high;
create or replace macro fewest(low, high) as case when ceil(low) <= floor(high) then ceil(low) else floor(low) end;
create or replace macro most(low, high) as case when ceil(low) <= floor(high) then floor(high) else ceil(high) end;
create or replace macro trend(now, low, high, is_complete) as
    case when not is_complete then 'running' when now is null or low is null then 'too_little_data'
         when now > high then 'higher' when now < low then 'lower' else 'usual' end;
create or replace macro is_of_app_user(type, data) as
    case when type = 'activity.tracked' then data ->> 'app_user_id' is not null else false end;
create or replace macro is_activity(type, actor, data) as
    actor = 'user' and type not like 'report.%' and not is_of_app_user(type, data);
create or replace macro is_undo(type, actor) as
    actor = 'import' and (type like '%.deleted' or type = 'habit.unlogged');
create or replace macro last_day_over(as_of) as timezone('Etc/GMT+12', as_of::timestamptz)::date - 1;
create or replace macro noise(n, syy, slope, sxx, mean) as (greatest(0, syy - slope ^ 2 * sxx) + 3 * mean ^ 2) / (n + 1);
create or replace macro kept_trend(slope, sxx, noise) as slope ^ 3 / nullif(slope ^ 2 + 0.4 * noise / sxx, 0);
create or replace macro weeks_until(missing, pace, growth) as
    2 * missing / (pace + sqrt(pace ^ 2 + 14 * greatest(0, growth) * missing));
create or replace macro carried_over(n, together, pace) as least(1, greatest(0, together) / (n + 1) / pace ^ 2);
create or replace macro unsure(n, syy, mean, together, pace, trend, weeks) as
    least(1.8, sqrt(2.1 * (syy + mean ^ 2) / (n + 1) / pace ^ 2 * (1 / greatest(0.5, weeks) + 1 / n)
         + (0.11 + 2.2 * carried_over(n, together, pace)) * least(4, weeks / n)
         + 0.68 * carried_over(n, together, pace) + 0.54 * (trend * (n - 1) / 2 / pace) ^ 2));
create or replace macro far_ahead(weeks, n) as weeks / (weeks + 6 * n);
create or replace macro sooner(weeks, n) as 0.6 + 2.1 * far_ahead(weeks, n);
create or replace macro later(weeks, n) as 1.6 - 1.3 * far_ahead(weeks, n);
create or replace macro soonest(weeks, n, unsure) as weeks * exp(-sooner(weeks, n) * unsure);
create or replace macro latest(weeks, n, unsure) as weeks * exp(later(weeks, n) * unsure);
create or replace macro reached_by(day, weeks) as case when weeks <= 520 then day + ceil(7 * weeks - 1e-6)::integer end;
create or replace macro normal(z) as 1 / (1 + exp(-1.5976 * z - 0.07056 * z ^ 3));
create or replace macro chance(weeks, n, unsure, time) as
    case when weeks is null or time is null then null when time <= 0 then 0
         else normal(greatest(-8, least(8, 1.2816 * ln(time / weeks) / (unsure * case when time < weeks then sooner(weeks, n) else later(weeks, n) end)))) end;
