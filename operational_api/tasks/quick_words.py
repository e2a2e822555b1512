"""The words of a task written in one line, by language. English is understood beside every other one. Names of days and months come from CLDR."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

from babel import Locale

from focusflow.locales import locale_of

BYDAY: Final = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")


@dataclass(frozen=True, slots=True)
class Language:
    """The words of one language, in lower case."""

    priorities: Mapping[str, str]
    days_ahead: Mapping[str, int]
    units: Mapping[str, str]  # of a repetition, as a rule calls them
    amounts: Mapping[str, int]  # in minutes
    often: Mapping[str, str]
    numbers: Mapping[str, int]
    next_week: frozenset[str]
    next_month: frozenset[str]
    next: frozenset[str]
    this: frozenset[str]
    within: frozenset[str]
    every: tuple[str, ...]
    other: frozenset[str]
    workday: frozenset[str]
    before_day: frozenset[str]
    before_time: frozenset[str]
    lasting: frozenset[str]
    oclock: frozenset[str]
    and_: frozenset[str]
    of: frozenset[str]


def _set(words: str) -> frozenset[str]:
    return frozenset(words.split())


def _units(days: str, weeks: str, months: str, years: str) -> dict[str, str]:
    by_rule = {"DAILY": days, "WEEKLY": weeks, "MONTHLY": months, "YEARLY": years}
    return {word: rule for rule, words in by_rule.items() for word in words.split()}


DAILY, WEEKLY, MONTHLY, YEARLY = (f"FREQ={each}" for each in ("DAILY", "WEEKLY", "MONTHLY", "YEARLY"))
WORKDAYS = "FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR"

ENGLISH: Final = Language(
    priorities={
        "low": "low", "medium": "medium", "high": "high", "urgent": "urgent",
        "1": "urgent", "2": "high", "3": "medium", "4": "low",
    },
    days_ahead={"today": 0, "tod": 0, "tonight": 0, "tomorrow": 1, "tmr": 1, "tmrw": 1, "day after tomorrow": 2},
    units=_units("day days", "week weeks", "month months", "year years"),
    amounts={
        "m": 1, "min": 1, "mins": 1, "minute": 1, "minutes": 1, "h": 60, "hr": 60, "hrs": 60, "hour": 60, "hours": 60,
    },
    often={
        "daily": DAILY, "weekly": WEEKLY, "monthly": MONTHLY, "yearly": YEARLY, "annually": YEARLY, "biweekly": f"{WEEKLY};INTERVAL=2",
    },
    numbers={"a": 1, "an": 1, "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6},
    next_week=frozenset({"next week"}),
    next_month=frozenset({"next month"}),
    next=_set("next"),
    this=_set("this coming"),
    within=_set("in"),
    every=("every", "each"),
    other=_set("other second"),
    workday=_set("weekday weekdays workday workdays"),
    before_day=_set("on by due until"),
    before_time=_set("at @"),
    lasting=_set("for"),
    oclock=_set("o'clock oclock"),
    and_=_set("and &"),
    of=_set("of the"),
)  # fmt: skip

GERMAN: Final = Language(
    priorities={"niedrig": "low", "mittel": "medium", "hoch": "high", "dringend": "urgent"},
    days_ahead={"heute": 0, "morgen": 1, "übermorgen": 2},
    units=_units("tag tage tagen", "woche wochen", "monat monate monaten", "jahr jahre jahren"),
    amounts={"minuten": 1, "std": 60, "stunde": 60, "stunden": 60},
    often={"täglich": DAILY, "wöchentlich": WEEKLY, "monatlich": MONTHLY, "jährlich": YEARLY, "werktags": WORKDAYS},
    numbers={"einem": 1, "einer": 1, "zwei": 2, "drei": 3, "vier": 4, "fünf": 5, "sechs": 6},
    next_week=frozenset({"nächste woche"}),
    next_month=frozenset({"nächsten monat"}),
    next=_set("nächsten nächster nächste"),
    this=_set("diesen dieser diese kommenden"),
    within=_set("in"),
    every=("jeden", "jede", "jedes", "alle"),
    other=_set("zweiten zweite zweites"),
    workday=_set("werktag arbeitstag"),
    before_day=_set("am bis ab"),
    before_time=_set("um"),
    lasting=_set("für"),
    oclock=_set("uhr"),
    and_=_set("und"),
    of=frozenset(),
)

FRENCH: Final = Language(
    priorities={"basse": "low", "moyenne": "medium", "haute": "high", "urgente": "urgent"},
    days_ahead={"aujourd'hui": 0, "aujourd’hui": 0, "demain": 1, "après-demain": 2},
    units=_units("jour jours", "semaine semaines", "mois", "an ans année années"),
    amounts={"heure": 60, "heures": 60},
    often={
        "quotidien": DAILY, "hebdomadaire": WEEKLY, "mensuel": MONTHLY, "annuel": YEARLY, "tous les jours": DAILY,
        "toutes les semaines": WEEKLY, "tous les mois": MONTHLY, "tous les ans": YEARLY,
    },
    numbers={"un": 1, "une": 1, "deux": 2, "trois": 3, "quatre": 4, "cinq": 5, "six": 6},
    next_week=frozenset({"semaine prochaine", "la semaine prochaine"}),
    next_month=frozenset({"mois prochain", "le mois prochain"}),
    next=frozenset(),
    this=_set("ce"),
    within=_set("dans"),
    every=("chaque", "tous les", "toutes les"),
    other=frozenset(),
    workday=frozenset(),
    before_day=_set("le avant pour"),
    before_time=_set("à"),
    lasting=_set("pendant"),
    oclock=_set("heures"),
    and_=_set("et"),
    of=frozenset(),
)  # fmt: skip

SPANISH: Final = Language(
    priorities={"baja": "low", "media": "medium", "alta": "high", "urgente": "urgent"},
    days_ahead={"hoy": 0, "mañana": 1, "pasado mañana": 2},
    units=_units("día días dia dias", "semana semanas", "mes meses", "año años"),
    amounts={"minuto": 1, "minutos": 1, "hora": 60, "horas": 60},
    often={
        "diario": DAILY, "semanal": WEEKLY, "mensual": MONTHLY, "anual": YEARLY, "todos los días": DAILY, "todas las semanas": WEEKLY,
        "todos los meses": MONTHLY, "todos los años": YEARLY,
    },
    numbers={"un": 1, "una": 1, "dos": 2, "tres": 3, "cuatro": 4, "cinco": 5, "seis": 6},
    next_week=frozenset({"próxima semana", "la próxima semana"}),
    next_month=frozenset({"próximo mes", "el próximo mes"}),
    next=_set("próximo"),
    this=_set("este"),
    within=_set("en"),
    every=("cada", "todos los", "todas las"),
    other=frozenset(),
    workday=frozenset(),
    before_day=_set("el para antes"),
    before_time=frozenset({"a", "a las", "las"}),
    lasting=_set("durante"),
    oclock=frozenset(),
    and_=_set("y"),
    of=_set("de"),
)  # fmt: skip

#: English short names beside those of CLDR.
OTHER_SHORT_WEEKDAYS: Final = {"tues": 1, "weds": 2, "thur": 3, "thurs": 3}

LANGUAGES: Final = {"de": GERMAN, "fr": FRENCH, "es": SPANISH}


class Words:
    """The words that one user's lines are read with: English, their language, and the calendar of their locale."""

    def __init__(self, locale: Locale) -> None:
        own = LANGUAGES.get(locale.language)
        languages = (ENGLISH, own) if own else (ENGLISH,)
        english = Locale("en")

        def merged(name: str) -> dict[str, Any]:
            return {word: value for each in languages for word, value in getattr(each, name).items()}

        def together(name: str) -> frozenset[str]:
            return frozenset(word for each in languages for word in getattr(each, name))

        self.priorities: dict[str, str] = merged("priorities")
        self.days_ahead: dict[str, int] = merged("days_ahead")
        self.units: dict[str, str] = merged("units")
        self.amounts: dict[str, int] = merged("amounts")
        self.often: dict[str, str] = merged("often")
        self._numbers: dict[str, int] = merged("numbers")
        self.next_week, self.next_month = together("next_week"), together("next_month")
        self.next, self.this, self.within = together("next"), together("this"), together("within")
        self.every, self.other, self.workday = together("every"), together("other"), together("workday")
        self.before_day, self.before_time = together("before_day"), together("before_time")
        self.lasting, self.oclock = together("lasting"), together("oclock")
        self.and_, self.of = together("and_"), together("of")
        self.weekdays = _days(english, "wide") | _days(locale, "wide")
        self.short_weekdays = _days(english, "abbreviated") | _days(locale, "abbreviated") | OTHER_SHORT_WEEKDAYS
        self.plural_weekdays = {f"{name}s": day for name, day in _days(english, "wide").items()}
        self.months = _months(english) | _months(locale)
        pattern = str(locale.date_formats["short"].pattern).lower()
        self.is_month_first = pattern.index("m") < pattern.index("d")
        self.has_dotted_days = "." in pattern

    def number(self, text: str) -> int | None:
        """A small whole number, in digits or as a word."""
        return int(text) if text.isascii() and text.isdigit() and len(text) < 4 else self._numbers.get(text)


def _days(locale: Locale, width: str) -> dict[str, int]:
    """Monday = 0, by name."""
    return {name.casefold().rstrip("."): day for day, name in locale.days["format"][width].items()}


def _months(locale: Locale) -> dict[str, int]:
    names = locale.months["format"]
    return {
        name.casefold().rstrip("."): month
        for width in ("wide", "abbreviated")
        for month, name in names[width].items()
        if not name.isdigit()
    }


@lru_cache(100)
def words_of(locale: str) -> Words:
    return Words(locale_of(locale))
