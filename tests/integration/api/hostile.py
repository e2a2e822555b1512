"""Requests that no honest client sends, drawn at random from what the description of the API names: paths, queries, headers and bodies."""

import json
import re
from base64 import urlsafe_b64encode
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from random import Random
from typing import Any
from urllib.parse import quote

TEXTS = [
    "", " ", "\x00", "a\x00b", "\ud800", "\udfff\ud800", "\ufeff", "\u202eevil", "\r\nBcc: all@example.com", "a\nb", "\x1b[2J", "\x7f", "\ufdfa" * 3_000,
    "e\u0301" + "\u0301" * 5_000, "ß" * 2_000, "İ" * 999, "🏳️‍🌈" * 500, "a" * 70_000, "a" * 5_001 + "!", "9" * 5_000, "-", "'", "''; drop table users; --", '"', "\\", "%", "%s%n",
    "{0}", "{after}", "${7*7}", "{{7*7}}", "<script>alert(1)</script>", "../../../etc/passwd", "..%2f..%2fetc", "file:///etc/passwd", "//example.com", "javascript:alert(1)",
    "http://127.0.0.1:1/", "http://[::1]:1/", "http://0x7f000001/", "https://user:pass@127.0.0.1/", "gopher://127.0.0.1:1/_", "json://localhost", "=cmd|' /C calc'!A0",
    "0000-01-01", "9999-12-31", "2026-02-30", "2026-W54-1", "10000-01-01", "-0001-01-01", "9999-12-31T23:59:60Z", "0001-01-01T00:00:00+23:59", "9999-12-31T23:59:59-23:59",
    "2026-11-01T09:00:00+99:99", "24:00", "25:61", "PT1e9H", "P99999999999Y", "Mars/Phobos", "../etc/localtime", "Europe/../Europe/Berlin", "Etc/GMT+99", "posixrules",
    "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30", "FREQ=DAILY;COUNT=999999999", "FREQ=DAILY;INTERVAL=999999999999", "FREQ=YEARLY;BYDAY=" + ",".join(["53MO"] * 200),
    "FREQ=MONTHLY;BYSETPOS=" + ",".join(map(str, range(-366, 0))) + ";BYDAY=MO", "RRULE:" * 80, "FREQ=SECONDLY", "$..*..*..*..*", "$[?(@.a=~'(a+)+$')]", "$" + "[0]" * 300, "$..[::0]",
    "(((((((((a*)*)*)*)*)*)*)*)*)$", "(?:a|aa)+$" * 50, "a" * 40 + "\x00", "*" * 400, "report fri 30m !high #work every week " * 60, "1e309", "NaN", "-Infinity", "0x1F", "١٢٣", "１２",
    "null", "true", "[]", "{}", "admin", "ada@example.com\x00", "a@" + "b." * 200 + "com", '"a b"@example.com', "ａda@example.com", "a@[127.0.0.1]", "eyJhbGciOiJub25lIn0.eyJzdWIiOiIxIn0.",
    "00000000-0000-0000-0000-000000000000", "ffffffff-ffff-ffff-ffff-ffffffffffff", "0190aaaa-0000-7000-8000-00000000000g", "BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\n" * 50,
]  # fmt: skip
NUMBERS = [0, -1, 1, 2**31, 2**63 - 1, 2**63, -(2**63) - 1, 10**400, 0.1, -0.0, 1e308, float("inf"), float("-inf"), float("nan"), 5e-324, True, False]  # fmt: skip
HEADERS = (
    "Accept", "Accept-Language", "Authorization", "Content-Type", "Content-Encoding", "Cookie", "Forwarded", "Idempotency-Key", "If-Match", "If-None-Match", "Last-Event-ID",
    "Origin", "Prefer", "Range", "Referer", "User-Agent", "X-API-Key", "X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto", "X-HTTP-Method-Override", "X-Request-ID",
)  # fmt: skip
BYTES = [
    b"", b"{", b"[" * 60_000, b'{"a":' * 20_000, b"\xff\xfe\x00", b"\xed\xa0\x80", b'{"title": "\xc3"}', b'"' + b"\\u0000" * 9_999 + b'"', b"1e999999", b"-" * 9_999, b'{"title":1,"title":"x"}',
    b"null", b"[]", b'""', b"0", b"[" + b"0," * 99_999 + b"0]", b'{"__proto__": {"role": "admin"}}', b"\x1f\x8b\x08\x00", b"PK\x03\x04", b"BEGIN:VCALENDAR\r\n", b"title,due\r\n\"" * 900, b"x" * 1_100_000,
]  # fmt: skip
CURSORS = [
    "e30",
    "W10",
    urlsafe_b64encode(b'["\\u0000", 1e999]').decode(),
    urlsafe_b64encode(b"\xff" * 99).decode(),
    "=" * 99,
]


@dataclass(frozen=True, slots=True)
class Call:
    method: str
    path: str
    content: bytes | None = None
    headers: Mapping[str, bytes] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Hostile:
    """Draws calls. `ids` fill the paths where they are not hostile themselves, and `bodies` are what is changed where the description has no example."""

    description: Mapping[str, Any]
    ids: Mapping[str, str]
    bodies: Mapping[tuple[str, str], Any]
    dice: Random

    def calls(self, method: str, path: str) -> Iterator[Call]:
        """Without end. A deletion has a hostile path, for what it deletes is needed by the next call."""
        operation = self.description["paths"].get(path, {}).get(method.lower(), {})
        while True:
            yield Call(
                method,
                self._path(path, is_hostile=method == "DELETE" or self.dice.random() < 0.2) + self._query(operation),
                None if method in ("GET", "DELETE") else self._content(method, path, operation),
                self._headers(),
            )

    def _path(self, path: str, *, is_hostile: bool) -> str:
        def value(found: re.Match[str]) -> str:
            text = self._text() if is_hostile else self.ids.get(found[1], self._text())
            return quote(text.encode("utf-8", "surrogatepass")[:2_000], safe="") or "%20"

        return re.sub(r"{(\w+)(?::\w+)?}", value, path)

    def _query(self, operation: Mapping[str, Any]) -> str:
        named = [each["name"] for each in operation.get("parameters", ()) if each.get("in") == "query"]
        chosen = [name for name in named if self.dice.random() < 0.5] + (["typo"] if self.dice.random() < 0.02 else [])
        texts = [(name, self._value() if name != "cursor" else self.dice.choice(CURSORS)) for name in chosen]
        pairs = [
            f"{name}={quote(str(value).encode('utf-8', 'surrogatepass')[:4_000], safe='')}" for name, value in texts
        ]
        return "?" + "&".join(pairs) if pairs else ""

    def _headers(self) -> dict[str, bytes]:
        if self.dice.random() < 0.7:
            return {}
        text = re.sub(r"[\r\n\x00]", " ", self._text()[:9_000]).strip()
        return {self.dice.choice(HEADERS): text.encode("utf-8", "surrogatepass")}

    def _content(self, method: str, path: str, operation: Mapping[str, Any]) -> bytes:
        if self.dice.random() < 0.15:
            return self.dice.choice(BYTES)
        described = operation.get("requestBody", {}).get("content", {}).get("application/json", {})
        names = list(self._fields(described.get("schema", {}))) or ["title", "events", "event", "batch", "name", "data"]
        start = self.bodies.get((method, path)) or described.get("example") or {}
        body: Any = dict(start) if isinstance(start, dict) else {}
        for _ in range(self.dice.choice((1, 1, 2, 3))):
            body[self.dice.choice(names)] = self._value(depth=2)
        return json.dumps([body] if self.dice.random() < 0.02 else body).encode()

    def _fields(self, schema: Mapping[str, Any]) -> Iterator[str]:
        if name := schema.get("$ref"):
            yield from self._fields(self.description["components"]["schemas"][name.rpartition("/")[2]])
        yield from schema.get("properties", ())
        for each in (*schema.get("anyOf", ()), *schema.get("allOf", ()), *schema.get("oneOf", ())):
            yield from self._fields(each)

    def _text(self) -> str:
        text = self.dice.choice(TEXTS)
        return text if self.dice.random() < 0.8 else text + self.dice.choice(TEXTS)

    def _value(self, depth: int = 0) -> Any:
        draw = self.dice.random()
        if depth and draw < 0.15:
            return [self._value(depth - 1) for _ in range(self.dice.choice((0, 1, 3, 300)))]
        if depth and draw < 0.25:
            return {self._text()[:99]: self._value(depth - 1) for _ in range(3)}
        return self.dice.choice(NUMBERS) if draw < 0.45 else None if draw < 0.5 else self._text()
