-- confirmed --
-- When the user of a sign-in last proved who they are: as it began, later, or at the provider before it began.
select coalesce(max(confirmed_at), min(created_at)) as confirmed_at from refresh_tokens
where user_id = %(user_id)s and family = %(family)s
