"""A page says in the user's language what is wrong with a field, by what the API really says."""

import pytest
from pydantic import ValidationError

from dashboard.field_errors import in_words
from focusflow import locales
from focusflow.errors import Invalid
from operational_api.auth.schemas import Registration
from operational_api.http.errors import sentence
from operational_api.security import passwords


def registered(**fields):
    given = {"email": "ada@example.com", "password": "words that fit", "display_name": "Ada"} | fields
    try:
        passwords.check(Registration(**given).password, "password", given["email"], given["display_name"])
    except ValidationError as error:
        (wrong,) = error.errors()
        return str(Invalid.field(f"body.{wrong['loc'][0]}", sentence(wrong["msg"])))
    except Invalid as problem:
        return str(problem)
    raise AssertionError(f"nothing is wrong with {fields}")


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"password": "short"}, "Passwort: mindestens 8 Zeichen sind nötig."),
        ({"password": "x" * 200}, "Passwort: höchstens 128 Zeichen sind erlaubt."),
        ({"password": "password"}, "Passwort: es ist eines von denen, die alle zuerst probieren."),
        ({"password": "abcabcabc"}, "Passwort: es wiederholt sich oder ist eine Tastenreihe."),
        ({"password": "ada@example.com"}, "Passwort: dein Name oder deine E-Mail-Adresse kommt darin vor."),
        ({"email": "ada"}, "E-Mail: das ist keine E-Mail-Adresse."),
        ({"display_name": ""}, "Name: darf nicht leer sein."),
        ({"display_name": "www.example.com"}, "Name: nur ein Name, ohne Zeilenumbrüche und Webadressen."),
    ],
)
def test_what_is_wrong_with_a_registration_is_said_in_german(fields, expected):
    with locales.using("de"):
        assert in_words(registered(**fields)) == expected


def test_what_is_not_known_stays_as_the_api_says_it():
    detail = "The field body.rrule cannot be accepted: FREQ is missing."
    with locales.using("de"):
        assert in_words(detail) == detail
        assert in_words("No task has this id.") == "Keine Aufgabe hat diese Id."
