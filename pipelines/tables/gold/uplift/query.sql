-- One row per month: whether users get more done than when they began. The interval is in `bootstrap_intervals`.
select
    month,
    count(*) as users,
    avg(first_weekly) as first_weekly,
    avg(latest_weekly) as latest_weekly,
    avg(change) as mean_change,
    any_value(low) as mean_change_low,
    any_value(high) as mean_change_high,
    mean_change / nullif(avg(first_weekly), 0) as relative_change,
    avg((latest_weekly >= 1.2 * first_weekly and change > 0)::integer) as share_up_20,
    (1.96 + 0.84) * stddev_samp(change) / sqrt(count(*)) as detectable_change
from gold.uplift_people
left join bootstrap_intervals using (month)
group by month
