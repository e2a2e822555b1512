-- The partitions in which something differs, whole: the new rows, and beside them those of entities of which nothing
-- was said.
select versions.* exclude (place) replace (intervals.valid_from as valid_from), valid_to, last_month
from versions
join intervals using (place)
semi join
    changed_partitions
    on changed_partitions.bucket = intervals.bucket
    and changed_partitions.last_month = intervals.last_month
union all by name
select *
from history
semi join changed_partitions using (bucket, last_month)
anti join
    changed_entities on changed_entities.user_id = history.user_id and changed_entities.subject = history. {entity}
order by bucket, last_month, user_id, {entity}, version
