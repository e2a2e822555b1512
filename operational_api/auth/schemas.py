"""Request and response schemas of accounts and sessions."""

import re
from datetime import datetime
from typing import Annotated, Literal, Self
from uuid import UUID

from pydantic import AfterValidator, Field, StringConstraints

from focusflow import email_address
from focusflow.settings import Locale
from operational_api.http.schema_base import Flag, Input, Output, Text

#: Characters that break the line or change the direction of the text after them, and addresses of web pages.
UNSAFE_IN_NAME = re.compile("[\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069]|://|www\\.", re.IGNORECASE)


def _name(text: str) -> str:
    """A name stands in emails of this installation: it must not look like a part of them."""
    if UNSAFE_IN_NAME.search(text):
        raise ValueError("should be a name, without line breaks and web addresses")
    return text


EMAIL_FORMAT = Field(json_schema_extra={"format": "email"})
NewEmail = Annotated[str, StringConstraints(max_length=254), AfterValidator(email_address.deliverable), EMAIL_FORMAT]
#: The address of an account that may exist, in the one form in which it is looked up and counted.
KnownEmail = Annotated[str, StringConstraints(max_length=254), AfterValidator(email_address.normalized)]
Password = Annotated[str, StringConstraints(min_length=8, max_length=128, strip_whitespace=False)]
DisplayName = Annotated[Text, StringConstraints(min_length=1, max_length=200), AfterValidator(_name)]
Zone = Annotated[str, StringConstraints(max_length=100)]


class Registration(Input):
    """A new account."""

    email: NewEmail = Field(examples=["ada@example.com"])
    password: Password = Field(examples=["a long sentence is a good password"])
    display_name: DisplayName = Field(examples=["Ada"])
    timezone: Zone = Field("UTC", description="An IANA time zone.", examples=["Europe/Berlin"])
    locale: Locale | None = Field(None, description="Without one, that of the installation.", examples=["de-AT"])


class SignIn(Input):
    """Credentials."""

    email: KnownEmail = Field(examples=["demo@example.com"])
    password: Annotated[str, StringConstraints(max_length=128, strip_whitespace=False)] = Field(
        examples=["focusflow-demo"]
    )


class Accepted(Output):
    """Confirmation of an accepted request."""

    message: str


class Address(Input):
    """An email address."""

    email: Annotated[KnownEmail, EMAIL_FORMAT] = Field(examples=["demo@example.com"])


class NewAddress(Input):
    """Another email address for the account."""

    email: NewEmail = Field(examples=["ada@example.org"])


class LinkToken(Input):
    """The token of a link in an email."""

    token: Annotated[str, StringConstraints(max_length=200)] = Field(examples=["the token of the link"])


class NewPassword(LinkToken):
    """The token of a reset link and the new password."""

    new_password: Password = Field(examples=["another long sentence is as good"])


class PasswordChange(Input):
    """The current and the new password."""

    password: Annotated[str, StringConstraints(max_length=128, strip_whitespace=False)] = Field(
        examples=["a long sentence is a good password"]
    )
    new_password: Password = Field(examples=["another long sentence is as good"])
    revoke_keys: Flag = Field(False, description="Whether to also revoke all API keys of the account.")


class RefreshToken(Input):
    """The refresh token of the last response."""

    refresh_token: Annotated[str, StringConstraints(max_length=200)] = Field(
        examples=["the refresh_token of the last answer"]
    )


class Code(Input):
    """A code of the authenticator app, or a recovery code."""

    code: Annotated[str, StringConstraints(min_length=6, max_length=30)] = Field(examples=["123456"])


class TicketCode(Code):
    """The ticket of a sign-in that needs a code, and the code."""

    ticket: Annotated[str, StringConstraints(max_length=2000)] = Field(examples=["the ticket of the answer"])


class Identification(Input):
    """What proves that it is you: a code if two-factor authentication is on, otherwise the password."""

    password: Annotated[str, StringConstraints(max_length=128, strip_whitespace=False)] | None = Field(
        None, examples=["a long sentence is a good password"]
    )
    code: Annotated[str, StringConstraints(max_length=30)] | None = None


By = Literal["password", "code", "provider"]


class Confirmation(Output):
    """Whether dangerous calls need a confirmation of who you are."""

    is_needed: bool
    by: By = Field(
        description="What to send to `POST /api/v1/auth/confirm`; `provider`: sign in with the provider again."
    )
    has_password: bool = Field(
        description="Whether the account has a password. If not, a reset link sets the first one."
    )


class TwoFactor(Output):
    """Two-factor authentication of your account."""

    is_on: bool
    since: datetime | None
    recovery_codes_left: int


class NewTwoFactor(Output):
    """A key for your authenticator app. It is shown this once."""

    key: str | None = Field(description="To type into the app.", examples=["JBSWY3DPEHPK3PXP"])
    uri: str | None = Field(description="The same as the address that apps read.")

    def for_replay(self) -> Self:
        """The recorded answer must not hold the secret."""
        return self.model_copy(update={"key": None, "uri": None})


class RecoveryCodes(Output):
    """Codes for the day on which the app is lost. Each works once, and they are shown this once."""

    codes: list[str]

    def for_replay(self) -> Self:
        """The recorded answer must not hold them."""
        return self.model_copy(update={"codes": []})


class Tokens(Output):
    """Access and refresh tokens."""

    access_token: str
    token_type: Literal["bearer"]
    expires_in: int = Field(description="Seconds until the access token expires.")
    refresh_token: str = Field(description="Good for one use: it is answered with a new pair.")


class PasswordChanged(Tokens):
    """What to sign requests with from now on."""

    refresh_token: str | None = Field(description="None where a session asked: it goes on.")  # type: ignore[assignment]


class NewSession(Output):
    """A session that has begun."""

    token: str = Field(description="Its secret, sent as `Authorization: Bearer …`. It is shown this once.")
    expires_at: datetime = Field(description="When one has to sign in again.")
    idle_minutes: int = Field(description="Minutes after which it ends if its user does nothing.")


class Session(Output):
    """One sign-in, from its password to its end."""

    id: UUID
    created_at: datetime
    last_used_at: datetime = Field(description="When its tokens were last refreshed.")
    expires_at: datetime = Field(description="When one has to sign in again.")
    ip: str | None
    user_agent: str | None
    is_current: bool = Field(description="Whether it is the one that asks.")


class Sessions(Output):
    """Your sign-ins, the last used first."""

    items: list[Session]
