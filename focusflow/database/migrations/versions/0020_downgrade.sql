do $$
declare
    table_name text;
begin
    for table_name in select tablename from pg_policies where schemaname = 'public' and policyname = 'privacy' loop
        execute 'drop policy privacy on ' || table_name;
        execute 'revoke all on ' || table_name || ' from focusflow_privacy';
    end loop;
    revoke usage on schema public from focusflow_privacy;
end $$;
