-- What `focusflow sql --tables` prints, for DuckDB.
select table_schema || '.' || table_name as "table", column_name as "column", data_type as type
from information_schema.columns
where table_schema in ('silver', 'gold')
order by table_schema, table_name, ordinal_position
