"""Names of time zones as Microsoft writes them."""

from zoneinfo import ZoneInfo

from icalendar.timezone.windows_to_olson import WINDOWS_TO_OLSON

from ingestion.importers.engine.values import read_zone

OLSON_TO_WINDOWS = {olson: name for name, olson in reversed(WINDOWS_TO_OLSON.items())}


def find(name: str) -> ZoneInfo | None:
    """The zone of a name of either kind.

    >>> find("W. Europe Standard Time"), find("tzone://Microsoft/Utc"), find("Customized Time Zone")
    (zoneinfo.ZoneInfo(key='Europe/Berlin'), zoneinfo.ZoneInfo(key='UTC'), None)
    """
    if name.lower() in {"utc", "tzone://microsoft/utc"}:
        return ZoneInfo("UTC")
    found = read_zone(WINDOWS_TO_OLSON.get(name, "")) or read_zone(name)
    return found if isinstance(found, ZoneInfo) else None


def name_of(olson: str) -> str:
    """The name that Microsoft has for a zone. It knows most names of the IANA database, too."""
    return OLSON_TO_WINDOWS.get(olson, olson)
