-- One row a habit: how it holds, as `inputs.py` works it out.
select
    user_id,
    bucket,
    habit_id,
    start_date,
    frequency,
    archived_at is not null as is_archived,
    habit_streaks.* exclude (user_id, habit_id)
from silver.habit_history
join habit_streaks using (user_id, habit_id)
where valid_to is null
