"""`python -m focusflow.i18n`: brings the messages of the catalogs up to date, and says what waits for a translation."""

import sys
from io import BytesIO

from babel.messages.catalog import Catalog, Message
from babel.messages.pofile import read_po, write_po

from focusflow.i18n import LANGUAGES, catalog_path
from focusflow.i18n.extraction import template


def update(language: str, messages: Catalog) -> list[str]:
    """Add new messages to the catalog of a language and drop those that are gone. Returns what is not translated."""
    path = catalog_path(language)
    with path.open("rb") as file:
        catalog = read_po(file, language)
    catalog.update(messages, no_fuzzy_matching=True)
    catalog.obsolete.clear()
    path.write_bytes(_header(catalog) + _written(catalog))
    return [str(each.id) for each in catalog if each.id and (each.fuzzy or not all(_forms(each)))]


def _header(catalog: Catalog) -> bytes:
    """Without dates and names: an update without new messages changes nothing."""
    fields = {
        "Language": catalog.locale_identifier,
        "Plural-Forms": catalog.plural_forms,
        "Content-Type": "text/plain; charset=utf-8",
    }
    lines = (f'"{name}: {value}\\n"\n' for name, value in fields.items())
    return f'msgid ""\nmsgstr ""\n{"".join(lines)}\n'.encode()


def _written(catalog: Catalog) -> bytes:
    content = BytesIO()
    write_po(content, catalog, width=140, sort_by_file=True, omit_header=True, include_lineno=False)
    return content.getvalue()


def _forms(message: Message) -> tuple[str, ...]:
    text = message.string
    return (text or "",) if isinstance(text, str | None) else tuple(map(str, text))


def main() -> None:
    messages = template()
    for language in LANGUAGES[1:]:
        missing = update(language, messages)
        sys.stdout.write(f"{language}: {len(messages)} messages, {len(missing)} without a translation\n")
        sys.stdout.writelines(f"  {each}\n" for each in missing)


if __name__ == "__main__":
    main()
