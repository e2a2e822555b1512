-- The partitions in which something differs, whole: the new rows, and beside them those of entities of which nothing was said.
select versions.* replace (held.valid_from as valid_from), valid_to, last_month
from versions join held on versions.rowid = place semi join written on written.bucket = held.bucket and written.last_month = held.last_month
union all by name
select * from history semi join written using (bucket, last_month)
anti join touched on touched.user_id = history.user_id and touched.subject = history.{entity}
order by bucket, last_month, user_id, {entity}, version
