drop schema if exists gold cascade;
drop policy views on published_rows;
revoke select on published_rows, published_product, tag_key from focusflow_views;
revoke usage on schema public from focusflow_views;
