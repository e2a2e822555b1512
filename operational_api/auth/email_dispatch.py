"""Hands a mail to the platform's delivery, after the answer: who asked does not wait for a mail server, and learns nothing from it."""

import logging
from email.message import EmailMessage

from focusflow.mail import Outcome
from operational_api.http.services import Services

log = logging.getLogger(__name__)


def dispatch(shared: Services, mail: EmailMessage) -> None:
    """Once: what does not arrive is asked for again by the person who waits for it."""
    delivery = shared.mailer.send(mail)
    if delivery.outcome is not Outcome.SENT:
        log.warning("a mail about an account was not delivered (%s): %s", delivery.outcome, delivery.reply)
