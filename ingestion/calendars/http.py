"""What the status of a calendar server means to its user."""

from datetime import timedelta

from focusflow.outbound import OutboundResponse
from ingestion.calendars.connection import SyncFailed

LONGEST_WAIT = timedelta(days=1)

SENTENCES = {
    401: "{host} does not accept the user name and password. Enter them again.",
    403: "{host} does not permit access to this calendar.",
    404: "{host} has no calendar under this address. It may have been moved or revoked.",
    410: "{host} has no calendar under this address any longer.",
    429: "{host} asks for fewer requests.",
    507: "{host} has no room left for appointments.",
}


def failure_of(answer: OutboundResponse, host: str) -> SyncFailed:
    """The answer as a problem."""
    default = "{host} answered with an error ({status})."
    problem = SyncFailed(
        SENTENCES.get(answer.status, default).format(host=host, status=answer.status), answered=answer.status
    )
    problem.retry_after = retry_after(answer)
    return problem


def retry_after(answer: OutboundResponse) -> timedelta | None:
    """How long the server wants not to be asked, if it says so."""
    seconds = answer.headers.get("retry-after", "")
    return min(timedelta(seconds=int(seconds[:9])), LONGEST_WAIT) if seconds.isdigit() else None
