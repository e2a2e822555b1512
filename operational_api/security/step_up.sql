-- confirmed --
-- When the user of a sign-in last proved who they are: as it began, or later.
select greatest(min(created_at), max(confirmed_at)) as confirmed_at from refresh_tokens
where user_id = %(user_id)s and family = %(family)s
