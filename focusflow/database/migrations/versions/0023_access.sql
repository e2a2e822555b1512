-- Numbers of tables and rules, about no user. The refresher writes them, metrics and Dagster's reports read them.
grant select, insert, update on refresher_state, table_builds to focusflow_reporting;
