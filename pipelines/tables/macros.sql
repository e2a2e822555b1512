-- Macros that the statements of tables call by name.
--
-- A user's usual range: from an eighth to seven eighths of what earlier periods were, in sorted order, between two neighbors in proportion;
-- of counts the whole numbers in it. On two real histories a fifth or less of all weeks lay outside (see docs/metrics.md).
--
-- A user is active by what they began themselves: no delivery, no run of the pipeline. The day last_day_over is over in every time zone.
--
-- When a goal is reached: soonest and latest are the two h at which pace * h lies 1.2816 standard deviations from what is missing, the roots
-- of (pace * h - missing)^2 = z^2 * variance * (h + h^2 / weeks); null where the second never comes. normal is the distribution function of
-- the normal distribution, to 0.0002.

create or replace macro at_rank(sorted, rank) as
    sorted[floor(rank)::integer] + (rank - floor(rank)) * (sorted[ceil(rank)::integer] - sorted[floor(rank)::integer]);
-- Amounts of earlier periods, as for so many days on.
create or replace macro as_long_as(earlier, days) as
    list_transform(earlier, lambda each: case when each.days_on = days then each.amount else each.amount * days / each.days_on end);
create or replace macro usual_low(earlier) as
    case when len(earlier) >= 6 then at_rank(list_sort(earlier), greatest(1, (len(earlier) + 1) / 8)) end;
create or replace macro usual_high(earlier) as
    case when len(earlier) >= 6 then at_rank(list_sort(earlier), least(len(earlier), (len(earlier) + 1) * 7 / 8)) end;
create or replace macro fewest(low, high) as case when ceil(low) <= floor(high) then ceil(low) else floor(low) end;
create or replace macro most(low, high) as case when ceil(low) <= floor(high) then floor(high) else ceil(high) end;
create or replace macro trend(now, low, high, is_complete) as
    case when not is_complete then 'running' when now is null or low is null then 'too_little_data'
         when now > high then 'higher' when now < low then 'lower' else 'usual' end;
create or replace macro is_activity(type, actor) as actor = 'user' and type not like 'report.%';
create or replace macro last_day_over(as_of) as timezone('Etc/GMT+12', as_of::timestamptz)::date - 1;
create or replace macro z_of_ten() as 1.2816;
create or replace macro straight(missing, pace, variance) as 2 * pace * missing + z_of_ten() ^ 2 * variance;
create or replace macro bend(missing, pace, variance, weeks) as
    sqrt(straight(missing, pace, variance) ^ 2 - 4 * missing ^ 2 * (pace ^ 2 - z_of_ten() ^ 2 * variance / weeks));
create or replace macro soonest(missing, pace, variance, weeks) as
    case when pace > 0 then 2 * missing ^ 2 / (straight(missing, pace, variance) + bend(missing, pace, variance, weeks)) end;
create or replace macro latest(missing, pace, variance, weeks) as
    case when pace > 0 and pace ^ 2 > z_of_ten() ^ 2 * variance / weeks
         then (straight(missing, pace, variance) + bend(missing, pace, variance, weeks)) / (pace ^ 2 - z_of_ten() ^ 2 * variance / weeks) / 2 end;
create or replace macro reached_by(day, weeks) as case when weeks <= 520 then day + ceil(7 * weeks)::integer end;
create or replace macro normal(z) as 1 / (1 + exp(-1.5976 * z - 0.07056 * z ^ 3));
create or replace macro chance(missing, pace, variance, weeks, time) as
    case when pace is null or time is null then null when time <= 0 or variance = 0 then 0
         else normal(greatest(-8, least(8, (pace * time - missing) / sqrt(variance * (time + time ^ 2 / weeks))))) end;
