"""Email addresses: one normalization for registration, sign-in, look-ups and limits."""

import re
import unicodedata

from email_validator import EmailNotValidError, validate_email

#: Characters that are never seen: controls, line breaks, and marks that change the direction of the text.
INVISIBLE = ("Cc", "Cf", "Cs", "Zl", "Zp")

NON_ASCII_LOCAL_PART = (
    "has letters other than a to z before the @, which many mail servers do not deliver to; use another address"
)


def normalized(address: str) -> str:
    """The form in which an address is looked up. Raises ValueError for characters that are never seen.

    Text that is no address is returned as it is, in lower case: no account has it, but attempts with it are counted.

    >>> normalized(" Ada@EXAMPLE.com "), normalized("x@xn--bcher-kva.example"), normalized("Nobody")
    ('ada@example.com', 'x@bücher.example', 'nobody')
    """
    text = unicodedata.normalize("NFC", address.strip())
    for each in text:
        if unicodedata.category(each) in INVISIBLE:
            raise ValueError(f"contains the character U+{ord(each):04X}, which no address has")
    try:
        return validate_email(text, check_deliverability=False).normalized.lower()
    except EmailNotValidError:
        return text.lower()


def deliverable(address: str) -> str:
    """A new address as it is stored. Raises ValueError with what is wrong with it.

    >>> deliverable("Ada@EXAMPLE.com")
    'Ada@example.com'
    """
    normalized(address)
    try:
        return validate_email(address.strip(), check_deliverability=False, allow_smtputf8=False).normalized
    except EmailNotValidError as error:
        if re.search(r"[^\x00-\x7f]", address.rpartition("@")[0]):
            raise ValueError(NON_ASCII_LOCAL_PART) from error
        raise ValueError(f"is not an email address: {str(error).rstrip('.')}") from error


def ascii_form(address: str) -> str:
    """An address as mail servers want it. Raises ValueError where it has no such form.

    >>> ascii_form("ada@bücher.example")
    'ada@xn--bcher-kva.example'
    """
    local_part, _, domain = address.rpartition("@")
    return f"{local_part.encode('ascii').decode()}@{domain.encode('idna').decode()}"
