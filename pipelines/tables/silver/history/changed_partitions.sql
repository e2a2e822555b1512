-- Which partitions differ between what is known of the changed entities and what it comes to now. Two rows are the
-- same version, valid at the same time, where these columns agree.
with
    after as (select bucket, last_month, user_id, {entity}, version, valid_from, valid_to from intervals),
    before as (select bucket, last_month, user_id, {entity}, version, valid_from, valid_to from known_versions)
select bucket, last_month
from
    (
        from after
        except
        from before
    )
union
select bucket, last_month
from
    (
        from before
        except
        from after
    )
order by all
