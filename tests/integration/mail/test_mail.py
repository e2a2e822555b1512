"""Mails handed to a real mail server that behaves and misbehaves, and written to files where there is none."""

import socket
import threading
from contextlib import ExitStack
from email import message_from_bytes, policy

import pytest
from aiosmtpd.smtp import AuthResult

from focusflow.mail import Outcome, composed, hand_over, mailer
from focusflow.settings import load_settings
from tests import mailserver
from tests.mailserver import Post


@pytest.fixture
def post():
    return Post()


@pytest.fixture
def served(post):
    with ExitStack() as servers:
        yield lambda **options: servers.enter_context(mailserver.served(post, **options))


def settings_for(port, home, **more):
    return load_settings(
        home=home, smtp_host="127.0.0.1", smtp_port=port, smtp_security="none", smtp_timeout_seconds=2, **more
    )


def sent(settings, subject="Hello", to="ada@example.com"):
    return mailer(settings).send(composed(settings, to, subject, "Grüße 🙂\n"))


def test_a_mail_arrives_as_it_was_written(served, post, tmp_path):
    settings = settings_for(served(), tmp_path, mail_from="FocusFlow <post@example.com>")
    assert sent(settings).outcome is Outcome.SENT
    (mail,) = post.taken
    assert (mail["To"], mail["Subject"], mail["From"]) == ("ada@example.com", "Hello", "FocusFlow <post@example.com>")
    assert mail.get_content().strip() == "Grüße 🙂"
    assert mail["Message-ID"]
    assert mail["Date"]
    assert mail["Auto-Submitted"] == "auto-generated"


def test_what_users_wrote_makes_no_headers(served, post, tmp_path):
    settings = settings_for(served(), tmp_path)
    assert sent(settings, subject="Report\r\nBcc: mallory@example.com\0").outcome is Outcome.SENT
    assert post.taken[0]["Subject"] == "Report Bcc: mallory@example.com "
    assert post.taken[0]["Bcc"] is None


@pytest.mark.parametrize(
    ("answers", "outcome"),
    [
        (("550 no such mailbox", None), Outcome.REFUSED),
        (("451 greylisted", None), Outcome.LATER),
        ((None, "554 spam"), Outcome.REFUSED),
        ((None, "452 full"), Outcome.LATER),
        ((None, "hang up"), Outcome.UNKNOWN),
    ],
)
def test_the_outcome_of_an_email_is_reported(served, post, tmp_path, answers, outcome):
    post.to_recipient, post.to_text = answers
    delivery = sent(settings_for(served(), tmp_path))
    assert delivery.outcome is outcome
    assert delivery.reply


def test_a_server_that_is_not_there_is_tried_again_later(tmp_path):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    assert sent(settings_for(port, tmp_path)).outcome is Outcome.UNAVAILABLE


@pytest.mark.parametrize("answer", ["530 authentication required", "550 you may not send", "451 busy", "421 closing"])
def test_a_server_that_wants_no_mail_from_us_says_nothing_of_this_mail(served, post, tmp_path, answer):
    post.to_sender = answer
    delivery = sent(settings_for(served(), tmp_path))
    assert (delivery.outcome, delivery.reply) == (Outcome.UNAVAILABLE, f"the mail server cannot be reached: {answer}")


def test_a_connection_that_breaks_at_an_address_is_that_mails_own_trouble(served, post, tmp_path):
    post.for_address["ada@example.com"] = "hang up at once"
    assert sent(settings_for(served(), tmp_path)).outcome is Outcome.LATER


def test_a_mail_that_has_no_bytes_is_refused_for_good(served, post, tmp_path):
    mail = composed(settings_for(1, tmp_path), "ada@example.com", "Hello", "Hello\n")
    mail.replace_header("Subject", "caf\udce9")
    mail.set_payload("caf\udce9 \ud800", None)
    delivery = mailer(settings_for(served(), tmp_path)).send(mail)
    assert (delivery.outcome, post.taken) == (Outcome.REFUSED, [])


def test_what_is_not_expected_while_sending_is_an_outcome(tmp_path):
    class Broken:
        def send(self, mail):
            raise RuntimeError

    mail = composed(load_settings(home=tmp_path), "ada@example.com", "Hello", "Hello\n")
    assert hand_over(Broken(), mail).outcome is Outcome.UNKNOWN


def test_a_server_that_hangs_after_the_text_may_have_taken_it(tmp_path):
    """It speaks as one does up to the text, and then never again."""
    listening = socket.create_server(("127.0.0.1", 0))

    def speak():
        connection, _ = listening.accept()
        with connection, connection.makefile("rb") as lines:
            connection.sendall(b"220 here\r\n")
            for line in lines:
                word = line[:4].upper()
                connection.sendall(b"354 go on\r\n" if word == b"DATA" else b"250 fine\r\n")
                if word == b"DATA":
                    threading.Event().wait(4)
                    return

    speaker = threading.Thread(target=speak, daemon=True)
    speaker.start()
    delivery = sent(settings_for(listening.getsockname()[1], tmp_path))
    assert delivery.outcome is Outcome.UNKNOWN
    speaker.join(10)
    listening.close()


@pytest.mark.filterwarnings("ignore:Requiring AUTH")
def test_a_login_is_given_and_a_wrong_one_gets_nothing_through(served, post, tmp_path):
    def known(server, session, envelope, mechanism, login):
        return AuthResult(success=(login.login, login.password) == (b"us", b"secret"), handled=False)

    port = served(authenticator=known, auth_require_tls=False, auth_required=True)
    right = settings_for(port, tmp_path, smtp_username="us", smtp_password="secret")
    assert sent(right).outcome is Outcome.SENT
    wrong = settings_for(port, tmp_path, smtp_username="us", smtp_password="guess")
    assert sent(wrong).outcome is Outcome.UNAVAILABLE  # the account can be repaired, and the mail is fine
    assert len(post.taken) == 1


def test_a_server_without_the_encryption_asked_for_gets_nothing(served, post, tmp_path):
    settings = load_settings(home=tmp_path, smtp_host="127.0.0.1", smtp_port=served(), smtp_timeout_seconds=2)
    assert sent(settings).outcome is Outcome.UNAVAILABLE
    assert post.taken == []


def test_without_a_server_mails_are_files(tmp_path):
    settings = load_settings(home=tmp_path)
    delivery = sent(settings)
    assert delivery.outcome is Outcome.SENT
    (file,) = (tmp_path / "mails").iterdir()
    assert delivery.reply == str(file)
    assert message_from_bytes(file.read_bytes(), policy=policy.default)["Subject"] == "Hello"


def test_a_folder_that_cannot_be_written_is_reported(tmp_path):
    (tmp_path / "mails").write_text("in the way", encoding="utf-8")
    assert sent(load_settings(home=tmp_path)).outcome is Outcome.UNAVAILABLE
