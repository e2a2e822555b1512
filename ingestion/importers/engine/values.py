"""Values as sources write them: moments, days, durations, priorities, and recurrence in words."""

import re
from collections.abc import Iterable
from datetime import UTC, date, datetime, time, timedelta, timezone, tzinfo
from typing import Literal
from zoneinfo import ZoneInfo

from focusflow.clock import zone, zone_names
from focusflow.contracts.fields import Priority
from focusflow.rrule import BadRecurrence, check_text

DateOrder = Literal["day", "month"]

#: Month names by their beginnings, as exports in the larger languages of Europe write them.
MONTHS = {
    name: number
    for number, names in enumerate(
        (
            "jan ene gen янв", "feb fév fev février фев", "mar mär mrz mrt мар", "apr avr abr апр", "may mai mag maj mei май мая",
            "jun juin giu июн", "jul juil lug июл", "aug aoû ago авг", "sep set сен", "oct okt ott out окт", "nov ноя",
            "dec dez déc dic дек",
        ),
        start=1,
    )
    for name in names.split()
}  # fmt: skip

ISO = re.compile(
    r"(\d{4})-?(\d{2})-?(\d{2})(?:[T ]\s*(\d{1,2}):?(\d{2})(?::?(\d{2})(?:[.,](\d+))?)?)?\s*(Z|UTC|GMT|[+-]\d{2}:?\d{2}|[+-]\d{2})?"
)
YEAR_FIRST = re.compile(r"(\d{4})[/.年-](\d{1,2})[/.月-](\d{1,2})日?")
NUMBERS = re.compile(r"(\d{1,2})([/.-])(\d{1,2})\2(\d{4}|\d{2})(?!\d)")
NAMED = re.compile(
    r"(?:\w+\.?,?\s+)??(?:(\d{1,2})(?:st|nd|rd|th|\.)?\s+([^\W\d_]{3,})\.?|([^\W\d_]{3,})\.?\s+(\d{1,2})(?:st|nd|rd|th)?),?\s+(\d{4})"
)
NAMED_SHORT = re.compile(r"(\d{1,2})[/.-]([^\W\d_]{3,})\.?[/.-](\d{4}|\d{2})(?!\d)")
CLOCK = re.compile(r"(\d{1,2})(?:[:.](\d{2}))?(?:[:.](\d{2}))?(?:[.,]\d+)?\s*([ap])?\.?\s*(m)?\.?", re.IGNORECASE)
AT = re.compile(r"^(?:at|um|à|a las|a la|às|alle|om|kl\.?)\s+|\s+(?:uhr|uur)$", re.IGNORECASE)
OFFSET = re.compile(r"(Z|UTC|GMT|[+-]\d{2}:?\d{2})\s*$")
NAMED_OFFSET = re.compile(r"\s*\((?:GMT|UTC)([+-])(\d{1,2}):?(\d{2})?\)$")
EPOCH = re.compile(r"(?:\d{9,10}|\d{12,13})(?:\.\d+)?")


def read_moment(text: str, here: tzinfo, order: DateOrder = "month") -> datetime | date | None:
    """A moment, or a day where no time is given; None where it is neither. `here` is the zone of times without an offset.

    >>> read_moment("2026-03-01T08:00:00+0100", UTC)
    datetime.datetime(2026, 3, 1, 7, 0, tzinfo=datetime.timezone.utc)
    >>> read_moment("03/01/2026", UTC), read_moment("01.03.2026 8:30 PM", UTC), read_moment("1 März 2026", UTC)
    (datetime.date(2026, 3, 1), datetime.datetime(2026, 3, 1, 20, 30, tzinfo=datetime.timezone.utc), datetime.date(2026, 3, 1))
    """
    text = text.strip().strip("\u200e\u200f").replace("\u202f", " ").replace("\xa0", " ")
    text = NAMED_OFFSET.sub(lambda found: f" {found[1]}{int(found[2]):02}:{found[3] or '00'}", text)
    if not text:
        return None
    try:
        if EPOCH.fullmatch(text):
            seconds = float(text)
            return datetime.fromtimestamp(seconds / 1000 if seconds > 1e11 else seconds, UTC)
        if found := ISO.fullmatch(text):
            return _of_iso(found, here)
        return _of_words(text, here, order)
    except (ValueError, OverflowError, OSError):
        return None


def _of_iso(found: re.Match[str], here: tzinfo) -> datetime | date:
    year, month, day, hour, minute, second, fraction, offset = found.groups()
    that_day = date(int(year), int(month), int(day))
    if hour is None:
        return that_day
    micros = int((fraction or "0")[:6].ljust(6, "0"))
    clock = time(int(hour) % 24, int(minute), min(59, int(second or 0)), micros)
    whole = datetime.combine(that_day, clock) + timedelta(days=int(hour) // 24)
    return whole.replace(tzinfo=_offset(offset) if offset else here).astimezone(UTC)


def _offset(text: str) -> tzinfo:
    if text in {"Z", "UTC", "GMT"}:
        return UTC
    digits = text[1:].replace(":", "").ljust(4, "0")
    delta = timedelta(hours=int(digits[:2]), minutes=int(digits[2:]))
    return timezone(-delta if text[0] == "-" else delta)


def _of_words(text: str, here: tzinfo, order: DateOrder) -> datetime | date | None:
    if found := YEAR_FIRST.match(text):
        day = date(int(found[1]), int(found[2]), int(found[3]))
    elif found := NUMBERS.match(text):
        first, second, year = int(found[1]), int(found[3]), int(found[4])
        is_day_first = second <= 12 and (first > 12 or found[2] == "." or order == "day")
        month, number = (second, first) if is_day_first else (first, second)
        day = date(year + 2000 if year < 100 else year, month, number)
    elif found := NAMED_SHORT.match(text):
        month_number, year = month_of(found[2]), int(found[3])
        if month_number is None:
            return None
        day = date(year + 2000 if year < 100 else year, month_number, int(found[1]))
    elif found := NAMED.match(text):
        month_name, number_text = (found[2], found[1]) if found[1] else (found[3], found[4])
        month_number = month_of(month_name)
        if month_number is None:
            return None
        day = date(int(found[5]), month_number, int(number_text))
    else:
        return None
    rest = AT.sub("", text[found.end() :].strip(" ,T@"))
    return day if not rest else _at(day, rest, here)


def _at(day: date, rest: str, here: tzinfo) -> datetime | None:
    if offset := OFFSET.search(rest):
        here, rest = _offset(offset[1]), rest[: offset.start()].strip()
    clock = read_clock(rest)
    return None if clock is None else datetime.combine(day, clock, tzinfo=here).astimezone(UTC)


def month_of(name: str) -> int | None:
    """The month of a name in one of several languages.

    >>> month_of("März"), month_of("Sept"), month_of("nothing")
    (3, 9, None)
    """
    name = name.casefold()
    return next((MONTHS[name[:length]] for length in (4, 3) if name[:length] in MONTHS), None)


def read_clock(text: str) -> time | None:
    """A time of day.

    >>> read_clock("9:05 pm"), read_clock("12am"), read_clock("21:05:10")
    (datetime.time(21, 5), datetime.time(0, 0), datetime.time(21, 5, 10))
    """
    found = CLOCK.fullmatch(text.strip().replace("\u202f", " "))
    if found is None or (found[2] is None and found[4] is None):
        return None
    hour, half = int(found[1]), (found[4] or "").lower()
    if half:
        hour = hour % 12 + (12 if half == "p" else 0)
    try:
        return time(hour, int(found[2] or 0), int(found[3] or 0))
    except ValueError:
        return None


def date_order(texts: Iterable[str], undecided: DateOrder = "month") -> DateOrder:
    """Whether the days of a column come before their months: where one value can be read in one way only, all are read so. Undecided,
    the month comes first, which is what most exports with slashes do, unless the file is of a country where it does not.

    >>> date_order(["01/02/2026", "25/02/2026"]), date_order(["01/02/2026"])
    ('day', 'month')
    """
    for text in texts:
        if found := NUMBERS.match(text.strip()):
            if int(found[1]) > 12:
                return "day"
            if int(found[3]) > 12:
                return "month"
    return undecided


def as_moment(value: datetime | date | None, here: tzinfo, at: time = time(12)) -> datetime | None:
    """The value as a moment; a day counts as this time of it, noon if nothing else is known."""
    if value is None or isinstance(value, datetime):
        return value
    return datetime.combine(value, at, tzinfo=here).astimezone(UTC)


def as_date(value: datetime | date | None, here: tzinfo) -> date | None:
    return value.astimezone(here).date() if isinstance(value, datetime) else value


UNITS = {"d": 1440, "h": 60, "m": 1, "s": 1 / 60}
CLOCKED = re.compile(r"(-?\d+):(\d{1,2})(?::(\d{1,2})(?:[.,]\d+)?)?")
ISO_DURATION = re.compile(r"P(?:(\d+)W)?(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+(?:\.\d+)?)S)?)?")
WORDED = re.compile(r"(\d+(?:[.,]\d+)?)\s*(d|h|m|s)[a-z]*", re.IGNORECASE)


def read_duration(text: str) -> timedelta | None:
    """A duration: `1:30:00`, `01:30`, `1.5` or `1,5` (hours), `1h 30m`, `PT1H30M`.

    >>> [str(read_duration(text)) for text in ("1:30:00", "01:30", "1,5", "1h 30min", "PT90M")]
    ['1:30:00', '1:30:00', '1:30:00', '1:30:00', '1:30:00']
    """
    text = text.strip()
    try:
        if found := CLOCKED.fullmatch(text):
            return timedelta(hours=int(found[1]), minutes=int(found[2]), seconds=int(found[3] or 0))
        if re.fullmatch(r"\d+(?:[.,]\d+)?", text):
            return timedelta(hours=float(text.replace(",", ".")))
        if (found := ISO_DURATION.fullmatch(text)) and len(text) > 2:
            weeks, days, hours, minutes, seconds = (float(part or 0) for part in found.groups())
            return timedelta(weeks=weeks, days=days, hours=hours, minutes=minutes, seconds=seconds)
        parts = WORDED.findall(text)
        if parts and not WORDED.sub("", text).strip(" ,"):
            return timedelta(minutes=sum(float(n.replace(",", ".")) * UNITS[unit.lower()] for n, unit in parts))
    except OverflowError:
        return None
    return None


PRIORITIES: dict[str, Priority] = {
    "urgent": "urgent", "highest": "urgent", "critical": "urgent", "p0": "urgent", "p1": "urgent", "dringend": "urgent", "urgente": "urgent",
    "high": "high", "h": "high", "p2": "high", "important": "high", "hoch": "high", "alta": "high", "haute": "high", "élevée": "high",
    "medium": "medium", "normal": "medium", "m": "medium", "p3": "medium", "none": "medium", "mittel": "medium", "media": "medium",
    "moyenne": "medium", "média": "medium",
    "low": "low", "l": "low", "lowest": "low", "p4": "low", "niedrig": "low", "baja": "low", "basse": "low", "baixa": "low", "bassa": "low",
}  # fmt: skip

DAYS = ("mo", "tu", "we", "th", "fr", "sa", "su")
FREQUENCIES = {"day": "DAILY", "week": "WEEKLY", "month": "MONTHLY", "year": "YEARLY"}
ADVERBS = {
    "daily": (1, "day"), "weekly": (1, "week"), "biweekly": (2, "week"), "fortnightly": (2, "week"), "monthly": (1, "month"),
    "quarterly": (3, "month"), "semiannual": (6, "month"), "yearly": (1, "year"), "annual": (1, "year"), "annually": (1, "year"),
    "biannual": (2, "year"), "biyearly": (2, "year"), "bimonthly": (2, "month"),
}  # fmt: skip
ORDINALS = {"other": 2, "second": 2, "third": 3, "fourth": 4}
EVERY = re.compile(r"(?:every!?|each|ev!?)\s+(.+)")
COUNTED = re.compile(
    r"(?:(\d+)\s*|(other|second|third|fourth)\s+)?(d|w|m|y|days?|wks?|weeks?|mo|mths?|months?|qtrs?|q|quarters?|yrs?|years?)"
)
NOT_PART_OF_IT = re.compile(
    r"\s+(?:at\s+)?\d{1,2}(?::\d{2})?\s*(?:[ap]m)$|\s+(?:at\s+)?\d{1,2}:\d{2}$|\s+at\s+\d{1,2}$|\s+(?:starting|from|until|ending)\b.*$"
)
NTH_WEEKDAY = re.compile(
    r"(?:(\d)(?:st|nd|rd|th)|(first|second|third|fourth|last))\s+(mon|tue|wed|thu|fri|sat|sun)[a-z]*"
)
DAY_OF_YEAR = re.compile(
    r"(?:(\d{1,2})(?:st|nd|rd|th|\.)?\s+(?:of\s+)?([a-z]{3,})|([a-z]{3,})\s+(\d{1,2})(?:st|nd|rd|th)?)"
)
WHICH = {"first": 1, "second": 2, "third": 3, "fourth": 4, "last": -1}
GROUPS = dict.fromkeys(("weekday", "weekdays", "workday"), "FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR") | dict.fromkeys(
    ("weekend", "weekends"), "FREQ=WEEKLY;BYDAY=SA,SU"
)
DAY_OF_MONTH = re.compile(r"(\d{1,2})(?:st|nd|rd|th|\.)?(?:\s+(?:day|of the month))?")
WEEKDAY = re.compile(r"(?:mon|tue|wed|thu|fri|sat|sun)[a-z]*")
SHORT = {"d": "day", "w": "week", "m": "month", "q": "quarter", "y": "year"}


#: Words of recurrence in the larger languages of Europe, by the English ones.
TRANSLATED = {
    word: english
    for english, words in {
        "every": "jeden jede jedes alle cada todos toda todas todo chaque tous toutes ogni tutti tutte elke iedere",
        "": "los las les le os as i gli um uhr à a uur il la o de",
        "day": "tag tage día días dia dias jour jours giorno giorni dag dagen",
        "week": "woche wochen semana semanas semaine semaines settimana settimane weken",
        "month": "monat monate mes meses mois mese mesi mês maand maanden",
        "year": "jahr jahre año años ano anos an ans année années anno anni jaar jaren",
        "weekday": "werktag werktage arbeitstag wochentag werkdag",
        "mon": "montag montags lunes lundi lunedì segunda segunda-feira maandag",
        "tue": "dienstag dienstags martes mardi martedì terça terça-feira dinsdag",
        "wed": "mittwoch mittwochs miércoles mercredi mercoledì quarta quarta-feira woensdag",
        "thu": "donnerstag donnerstags jueves jeudi giovedì quinta quinta-feira donderdag",
        "fri": "freitag freitags viernes vendredi venerdì sexta sexta-feira vrijdag",
        "sat": "samstag samstags sonnabend sábado sábados samedi sabato zaterdag",
        "sun": "sonntag sonntags domingo domingos dimanche domenica zondag",
        "daily": "täglich diariamente quotidien giornaliero dagelijks",
        "weekly": "wöchentlich semanalmente hebdomadaire settimanale wekelijks",
        "monthly": "monatlich mensualmente mensuel mensile mensalmente maandelijks",
        "yearly": "jährlich anualmente annuel annuale jaarlijks",
        "today": "heute hoy aujourd'hui oggi hoje vandaag",
        "tomorrow": "morgen mañana demain domani amanhã",
        "and": "und y et e en",
    }.items()
    for word in words.split()
}


def in_english(text: str) -> str:
    """Words of dates and recurrence in English, where all of them are known.

    >>> in_english("jeden Montag und Freitag um 9:00 Uhr"), in_english("tous les 2 jours"), in_english("every day")
    ('every mon and fri 9:00', 'every 2 day', 'every day')
    """
    words = text.lower().replace(",", " , ").split()
    if not any(word in TRANSLATED for word in words):
        return text
    return " ".join(filter(None, (TRANSLATED.get(word, word) for word in words))).replace(" , ", ", ")


def read_recurrence(text: str) -> str | None:
    """An RFC 5545 rule for words like `every 2 weeks`, `every mon, fri`, `monthly`, `3d`; None where they are not understood.

    >>> read_recurrence("every! 2 weeks"), read_recurrence("every mon, Friday at 9am"), read_recurrence("every 15th"), read_recurrence("P3D")
    ('FREQ=WEEKLY;INTERVAL=2', 'FREQ=WEEKLY;BYDAY=MO,FR', 'FREQ=MONTHLY;BYMONTHDAY=15', 'FREQ=DAILY;INTERVAL=3')
    >>> read_recurrence("every 3rd friday"), read_recurrence("every 14 Feb"), read_recurrence("every 1st, 15th")
    ('FREQ=MONTHLY;BYDAY=3FR', 'FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=14', 'FREQ=MONTHLY;BYMONTHDAY=1,15')
    """
    text = NOT_PART_OF_IT.sub("", text.strip().lower())
    if found := re.fullmatch(r"p?(\d+)?([dwmy])", text):
        return _rule(int(found[1] or 1), SHORT[found[2]])
    if text in ADVERBS:
        return _rule(*ADVERBS[text])
    every = EVERY.fullmatch(text)
    rest = (every[1] if every else text).strip()
    if found := COUNTED.fullmatch(rest):
        return _rule(int(found[1] or 0) or ORDINALS.get(found[2] or "", 1), SHORT[found[3][0]])
    return GROUPS.get(rest) or (_days_of_rule(rest) if every else None)


def _days_of_rule(words: str) -> str | None:
    """The rule of `15th`, `1st, 15th`, `last day`, `3rd friday`, `14 feb` or `mon, fri`."""
    if words == "last day":
        return "FREQ=MONTHLY;BYMONTHDAY=-1"
    listed = [DAY_OF_MONTH.fullmatch(each) for each in re.split(r"\s*(?:[,&]|\band\b)\s*", words)]
    numbers = [int(found[1]) for found in listed if found]
    if len(numbers) == len(listed) and all(1 <= number <= 31 for number in numbers):
        return f"FREQ=MONTHLY;BYMONTHDAY={','.join(map(str, sorted(set(numbers))))}"
    if found := NTH_WEEKDAY.fullmatch(words):
        place = int(found[1]) if found[1] else WHICH[found[2]]
        return f"FREQ=MONTHLY;BYDAY={place}{found[3][:2].upper()}" if -1 <= place <= 5 and place else None
    if (found := DAY_OF_YEAR.fullmatch(words)) and (month := month_of(found[2] or found[3])):
        return _checked(f"FREQ=YEARLY;BYMONTH={month};BYMONTHDAY={int(found[1] or found[4])}")
    names = [name for name in re.split(r"[\s,&]+|\band\b", words) if name]
    if not names or not all(WEEKDAY.fullmatch(name) for name in names):
        return None
    weekdays = sorted({DAYS.index(name[:2]) for name in names})
    return "FREQ=WEEKLY;BYDAY=" + ",".join(DAYS[number].upper() for number in weekdays)


def _checked(rule: str) -> str | None:
    try:
        check_text(rule)
    except BadRecurrence:
        return None
    return rule


def _rule(interval: int, unit: str) -> str:
    if unit == "quarter":
        interval, unit = 3 * interval, "month"
    return f"FREQ={FREQUENCIES[unit]}" + (f";INTERVAL={interval}" if interval > 1 else "")


def clean_rule(text: str) -> str | None:
    """A recurrence rule of another program, without what our rules do not have; None where it cannot be followed.

    >>> clean_rule("RRULE:FREQ=WEEKLY;BYDAY=MO;TT_SKIP=WEEKEND"), clean_rule("FREQ=HOURLY")
    ('FREQ=WEEKLY;BYDAY=MO', None)
    """
    text = text.strip().split("\n")[0].upper().removeprefix("ERULE:").removeprefix("RRULE:")
    parts = [part for part in text.split(";") if part and not part.startswith(("TT_", "X-"))]
    rule = ";".join(part for part in parts if part != "INTERVAL=1")
    return _checked(rule)


def read_zone(name: str) -> ZoneInfo | None:
    """A zone by its name; also where a producer's prefix stands before it.

    >>> str(read_zone("/freeassociation.sourceforge.net/Europe/Berlin")), read_zone("nowhere")
    ('Europe/Berlin', None)
    """
    parts = name.strip().strip('"').strip("/").split("/")
    if parts[-1].upper() in {"UTC", "GMT", "Z"}:
        return zone("UTC")
    for start in range(len(parts)):
        if (candidate := "/".join(parts[start:])) in zone_names():
            return zone(candidate)
    return None
