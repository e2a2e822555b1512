-- present --
select email from users where email = any(%(emails)s)

-- become --
select set_config('role', %(role)s, true), set_config('focusflow.user_id', %(user_id)s, true)
