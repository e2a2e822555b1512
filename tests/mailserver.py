"""A mail server's mind, over aiosmtpd: keeps what it takes, and answers each address as it was told."""

import asyncio
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any

from aiosmtpd.controller import Controller


class Post:
    """What it takes, and what it says. Answers are for an address, or for all."""

    def __init__(self) -> None:
        self.taken: list[EmailMessage] = []
        self.to_sender: str | None = None
        self.to_recipient: str | None = None
        self.to_text: str | None = None
        self.for_address: dict[str, str] = {}
        self.on_text: Callable[[], None] = lambda: None

    async def handle_MAIL(self, server: Any, session: Any, envelope: Any, address: str, options: Any) -> str:  # noqa: N802 (aiosmtpd's name)
        if self.to_sender is not None:
            return self.to_sender
        envelope.mail_from = address
        return "250 OK"

    async def handle_RCPT(self, server: Any, session: Any, envelope: Any, address: str, options: Any) -> str:  # noqa: N802 (aiosmtpd's name)
        answer = self.for_address.get(address, self.to_recipient)
        if answer and answer[0].isdigit():
            return answer
        if answer == "hang up at once":
            server.transport.abort()
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802 (aiosmtpd's name)
        answer = self.for_address.get(envelope.rcpt_tos[0], self.to_text)
        if answer == "hang up":
            server.transport.abort()
            return "250 never heard"
        mail = message_from_bytes(envelope.content, policy=policy.default)
        assert isinstance(mail, EmailMessage)
        self.taken.append(mail)
        self.on_text()
        if answer == "take and hang up":
            server.transport.abort()
        if answer == "take and hang":
            await asyncio.sleep(30)
        return answer if answer and answer[0].isdigit() else "250 taken"


@contextmanager
def served(post: Post, **options: Any) -> Iterator[int]:
    """The port on which a server with this mind listens."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    controller = Controller(post, hostname="127.0.0.1", port=port, **options)
    controller.start()
    try:
        yield port
    finally:
        controller.stop()
