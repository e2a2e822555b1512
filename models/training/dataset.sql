-- Which users a model learns from, for DuckDB.
-- some_users --
select distinct user_id from silver.user_history order by hash(user_id), user_id limit $most
