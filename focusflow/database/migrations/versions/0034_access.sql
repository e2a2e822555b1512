-- An installation may require a second factor: each request asks whether its caller has one, and nothing else about it.
create policy own on second_factors for select to focusflow_api using (user_id = current_user_id());
grant select (user_id, confirmed_at) on second_factors to focusflow_api;
