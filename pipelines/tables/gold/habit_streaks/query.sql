-- One row a habit: how it holds, as `held` has it worked out.
select user_id, bucket, habit_id, start_date, frequency, archived_at is not null as is_archived, held.* exclude (user_id, habit_id)
from silver.habit_history join held using (user_id, habit_id)
where valid_to is null
