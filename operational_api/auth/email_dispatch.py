"""Composes and sends an account email after the answer: the caller does not wait for a mail server, and learns nothing from it."""

import logging
from collections.abc import Callable
from email.message import EmailMessage
from typing import Concatenate, ParamSpec

from focusflow.mail import Outcome, hand_over
from focusflow.settings import Settings
from operational_api.http.services import Services

log = logging.getLogger(__name__)

Values = ParamSpec("Values")


def dispatch(
    shared: Services,
    compose: Callable[Concatenate[Settings, Values], EmailMessage],
    *values: Values.args,
    **named: Values.kwargs,
) -> None:
    """Send it once: a user who still waits for it asks again."""
    delivery = hand_over(shared.mailer, compose(shared.settings, *values, **named))
    if delivery.outcome is not Outcome.SENT:
        log.warning("an account email was not delivered (%s): %s", delivery.outcome, delivery.reply)
