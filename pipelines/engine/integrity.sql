-- For DuckDB.

-- surviving --
-- The rows of a table's data files, once each: files that were compacted lie beside those of which they were made.
select * from read_parquet($paths, union_by_name = true, hive_partitioning = true)
qualify row_number() over (partition by bucket, log_offset) = 1
