"""What comes back is written down, and where there is nobody no more mails go, until the address is another or has been proven."""

import io
from datetime import timedelta
from email import message_from_bytes

import pytest
from click.testing import CliRunner

from cli.commands.bounces import command
from focusflow.database.session import Role
from focusflow.mail import Delivery, Outcome, is_final
from reports.delivery.bounces import Bounces, Fate, bounce_reports
from tests.integration.reports.conftest import MONDAY

NEXT_MONDAY = MONDAY + timedelta(days=7)


def came_back(recipient, message_id, status="5.1.1", action="failed", *, whole=True):
    """As Postfix reports it."""
    returned = f"Message-ID: {message_id}\nSubject: Your report\nTo: {recipient}\n"
    part = "message/rfc822" if whole else "text/rfc822-headers"
    return f"""From: MAILER-DAEMON@mx.example.com
To: post@example.com
Subject: Undelivered Mail Returned to Sender
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary="b"

--b
Content-Type: text/plain

I'm sorry to have to inform you that your message could not be delivered.

--b
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.example.com

Final-Recipient: rfc822; {recipient}
Action: {action}
Status: {status}
Diagnostic-Code: smtp; 550 {status} said the other server

--b
Content-Type: {part}

{returned}
--b--
"""


@pytest.fixture
def take(sending, database):
    """Take in a mail; its fates."""

    def took(mail):
        sender = sending()
        bounces = Bounces(database, sender.recipients, sender.ledger)
        return [fate for _, fate in bounces.take(mail.encode(), MONDAY)]

    return took


@pytest.fixture
def ada(new_user):
    return new_user(monthly_report=False)


@pytest.fixture
def sent(sending, ada, post):
    """The Message-ID of a report that a server took."""
    assert sending().run().sent == 1
    return str(post.taken[0]["Message-ID"])


@pytest.fixture
def returned(sent, ada):
    """That report, come back from where it went."""
    return lambda *notice, **more: came_back(f"{ada}@EXAMPLE.com", sent, *notice, **more)


@pytest.fixture
def seen(database, ada):
    """The state of the report, its reason, and what the user was told."""

    def now():
        with database.owner() as connection:
            (row,) = connection.execute("select status, reason from report_deliveries where user_id = %s", [ada])
            notes = connection.execute(
                "select title from notifications where user_id = %s and type = 'system'", [ada]
            ).fetchall()
        return row["status"], row["reason"], [note["title"] for note in notes]

    return now


@pytest.mark.parametrize("whole", [True, False], ids=["whole mail returned", "headers returned"])
def test_where_there_is_nobody_no_more_mails_go(take, returned, seen, sending, whole):
    assert take(returned(whole=whole)) == [Fate.STOPPED]
    assert take(returned(whole=whole)) == [Fate.IGNORED]
    status, reason, (note,) = seen()
    assert (status, reason) == ("failed", "the mail came back: 5.1.1 550 5.1.1 said the other server")
    assert note.endswith("@example.com come back")
    assert sending(NEXT_MONDAY).run().planned == 0


def test_with_another_address_or_a_confirmed_one_they_go_again(take, returned, ada, sending, database):
    take(returned())
    with database.owner() as connection:
        connection.execute("update users set email = 'new@example.com' where id = %s", [ada])
    assert sending(NEXT_MONDAY).run().sent == 1
    with database.owner() as connection:
        connection.execute("update users set email = %s where id = %s", [f"{ada}@example.com", ada])
    assert sending(NEXT_MONDAY + timedelta(days=7)).run().planned == 0
    with database.transaction(Role.AUTH) as tx:
        tx.run("delete from bounces where user_id = %(id)s", {"id": ada})
    assert sending(NEXT_MONDAY + timedelta(days=7)).run().sent == 1


LITTLE = {
    ("5.2.2", "failed"): (Fate.FAILED, "failed"),
    ("4.4.1", "failed"): (Fate.FAILED, "failed"),
    ("5.7.1", "failed"): (Fate.FAILED, "failed"),
    ("4.4.1", "delayed"): (Fate.IGNORED, "sent"),
    ("2.0.0", "delivered"): (Fate.IGNORED, "sent"),
}


@pytest.mark.parametrize("notice", LITTLE, ids=" ".join)
def test_what_says_nothing_of_the_address_stops_nothing(take, returned, seen, sending, notice):
    fate, status = LITTLE[notice]
    assert take(returned(*notice)) == [fate]
    assert seen()[0] == status
    assert sending(NEXT_MONDAY).run().sent == 1


def test_an_address_that_it_was_sent_on_to_is_not_the_users(take, sent, sending):
    assert take(came_back("elsewhere@example.org", sent)) == [Fate.FAILED]
    assert sending(NEXT_MONDAY).run().sent == 1


def test_only_who_knows_a_mail_of_ours_is_believed(take, sent, ada, sending):
    mine = f"{ada}@example.com"
    assert take(came_back(mine, "<weekly.2026-W46.guessed@example.com>")) == [Fate.IGNORED]
    assert take(came_back(mine, f"<reminder.{ada.hex}@focusflow>")) == [Fate.IGNORED]
    assert take(f"From: eve@example.com\nSubject: {sent}\n\nAction: failed\nFinal-Recipient: rfc822; {mine}\n") == []
    assert sending(NEXT_MONDAY).run().sent == 1


def test_a_server_that_says_at_once_that_there_is_nobody_is_believed(sending, ada, post, seen):
    post.for_address[f"{ada}@example.com"] = "550 5.1.1 no such user"
    assert sending().run().failed == 1
    assert seen()[2] == [f"Emails to {ada}@example.com come back"]
    post.for_address.clear()
    assert sending(NEXT_MONDAY).run().planned == 0


def test_a_server_that_refuses_us_stops_no_address():
    for notice in ("550 relay denied", "550 5.7.1 no", "552 5.2.2 full", "550 15.1.1", "554 5.1.8 sender"):
        assert not is_final(Delivery(Outcome.REFUSED, notice, 550)), notice


def test_the_command_takes_a_mail_a_mailbox_or_a_pipe_and_lists(sent, ada, database_url, tmp_path, monkeypatch):
    monkeypatch.setenv("FOCUSFLOW_DATABASE_URL", database_url)
    monkeypatch.setenv("FOCUSFLOW_HOME", str(tmp_path))
    mail, run = came_back(f"{ada}@example.com", sent), CliRunner().invoke
    assert run(command, ["-"], input=io.BytesIO(mail.encode())).output == f"stopped  {ada}@example.com\n"
    assert f"{ada}@example.com: the mail came back: 5.1.1" in run(command, []).output
    box = tmp_path / "box"
    box.write_text(f"From x Mon Nov 16 08:30:00 2026\n{mail}\nFrom x Mon Nov 16 08:30:00 2026\n{mail}")
    assert run(command, [str(box)]).output == f"ignored  {ada}@example.com\n" * 2
    assert run(command, ["--forget", f"{ada}@example.com"]).exit_code == 0
    assert run(command, []).output == ""


def test_what_is_no_such_mail_tells_of_nothing():
    for content in (
        b"",
        b"\xff\xfe",
        b"Content-Type: message/delivery-status\n\nx",
        b"Content-Type: multipart/report\n\n",
    ):
        assert list(bounce_reports(message_from_bytes(content))) == []


def test_a_message_that_cannot_be_parsed_is_named_and_those_around_it_are_taken(
    sent, ada, database_url, tmp_path, monkeypatch
):
    monkeypatch.setenv("FOCUSFLOW_DATABASE_URL", database_url)
    monkeypatch.setenv("FOCUSFLOW_HOME", str(tmp_path))
    without_end = "".join(f"Content-Type: multipart/mixed; boundary={n}\n\n--{n}\n" for n in range(3000))
    box, begin = tmp_path / "box", "From x Mon Nov 16 08:30:00 2026\n"
    box.write_text(f"{begin}Message-ID: <evil@x>\n{without_end}\n{begin}{came_back(f'{ada}@example.com', sent)}")
    result = CliRunner().invoke(command, [str(box)])
    assert result.output == f"unreadable <evil@x> (RecursionError)\nstopped  {ada}@example.com\n"
    assert (result.exit_code, str(result.exception)[:17]) == (1, "1 of the messages")
