"""Where somebody lived, and from when to when: each moment lies in one zone, and so on one local day and in one hour of it."""

#: What lies before the first word of it lies in the first zone.
STAYS = """
    create or replace temp view stays as
    select user_id, timezone, case when zone_before is null then timestamptz '-infinity' else valid_from end as stay_begin,
           lead(valid_from, 1, timestamptz 'infinity') over (partition by user_id order by version) as stay_end
    from (select *, lag(timezone) over (partition by user_id order by version) as zone_before
          from silver.user_history semi join people using (user_id))
    where zone_before is distinct from timezone
    qualify stay_begin < stay_end"""
