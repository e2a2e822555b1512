-- A message of the provider counts once, and is forgotten when it would be too old anyway.
grant select, insert, delete on provider_sign_outs to focusflow_auth;
grant select (provider_session) on refresh_tokens to focusflow_privacy;
