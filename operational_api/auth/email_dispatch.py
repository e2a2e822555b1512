"""Composes and sends an account email after the answer: the caller does not wait for a mail server, and learns nothing from it.

It has threads of its own: a mail server that hangs holds each for a minute, and requests need theirs.
"""

import logging
from collections.abc import Callable
from email.message import EmailMessage
from functools import partial
from typing import Any, Concatenate, ParamSpec

from anyio import to_thread

from focusflow import locales
from focusflow.mail import Outcome, hand_over
from focusflow.settings import Settings
from operational_api.http.services import Services

log = logging.getLogger(__name__)

WAITING_AT_MOST = 1000

Values = ParamSpec("Values")


async def send_later(shared: Services, send: Callable[..., None], *values: Any) -> None:
    """As a background task of a request: send in a thread for emails. One for which too many wait is dropped; its user asks again."""
    threads = shared.email_threads
    if threads.statistics().tasks_waiting >= WAITING_AT_MOST:
        log.error("an account email was dropped: %d wait for the mail server", WAITING_AT_MOST)
        return
    await to_thread.run_sync(partial(send, shared, *values), limiter=threads)


def dispatch(
    shared: Services,
    locale: str,
    compose: Callable[Concatenate[Settings, Values], EmailMessage],
    *values: Values.args,
    **named: Values.kwargs,
) -> None:
    """Send it once, in the language of a locale: a user who still waits for it asks again."""
    with locales.using(locale):
        email = compose(shared.settings, *values, **named)
    delivery = hand_over(shared.mailer, email)
    if delivery.outcome is not Outcome.SENT:
        log.warning("an account email was not delivered (%s): %s", delivery.outcome, delivery.reply)
