"""The dashboard as an app: what a browser fetches before anybody has signed in, and the document around the pages."""

import gzip
import re

import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.responses import PlainTextResponse
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.testclient import TestClient

from dashboard import installable
from dashboard.auth.headers import SecurityHeaders
from dashboard.auth.sign_in import SignedInOnly


class Nobody:
    cookie = "focusflow_session"

    def find(self, _: str | None) -> None:
        return None


@pytest.fixture(scope="module")
def browser():
    """Without a session, and without following redirects to the sign-in page."""
    app = Starlette(
        routes=[
            *installable.routes(["/tasks", "/signin/document"]),
            Route("/signin", PlainTextResponse("Sign in")),
            Mount("/static", StaticFiles(directory=installable.STREAMLIT / "static")),
        ],
        middleware=[
            Middleware(SecurityHeaders, is_https=False, strict_transport=b"max-age=9"),
            Middleware(installable.PackedFiles),
            Middleware(SignedInOnly, store=Nobody()),  # type: ignore[arg-type]
        ],
    )
    with TestClient(app, follow_redirects=False) as client:
        yield client


def test_a_browser_finds_all_that_it_installs_without_signing_in(browser):
    manifest = browser.get("/manifest.webmanifest")
    assert manifest.headers["content-type"] == "application/manifest+json"
    told = manifest.json()
    assert {"any", "maskable"} == {each["purpose"] for each in told["icons"]}
    for icon in told["icons"]:
        assert browser.get(icon["src"]).headers["content-type"] == icon["type"]
    for path in ("/service-worker.js", "/offline"):
        assert browser.get(path).status_code == 200
        assert path in browser.get("/service-worker.js").text or path == "/service-worker.js"
    assert browser.get("/icons/secrets.png").status_code == 404
    assert browser.get("/tasks").headers["location"] == "/signin"


def test_the_offline_page_needs_nothing_from_the_server(browser):
    page = browser.get("/offline")
    assert not re.search(r"(src|href)=\"[^\"]", page.text)
    assert "script-src 'none'" in page.headers["content-security-policy"]


def test_the_document_carries_what_every_page_needs_before_its_script_runs(browser):
    document = browser.get("/signin/document").text
    assert "<title>FocusFlow</title>" in document
    assert (installable.HERE.parent / "look.css").read_text(encoding="utf-8") in document
    preloads = re.findall(r'rel="(?:module)?preload"[^>]*href="([^"]+)"', document)
    assert len(preloads) > 10
    for path in preloads:
        assert browser.get(path.removeprefix(".")).status_code == 200, path


def test_scripts_are_sent_compressed_to_who_takes_them_so(browser):
    path = next(f"/static/js/{file.name}" for file in (installable.STREAMLIT / "static/js").glob("index.*.js"))
    whole = (installable.STREAMLIT / path.removeprefix("/")).read_bytes()
    with browser.stream("GET", path, headers={"Accept-Encoding": "gzip"}) as packed:
        content = b"".join(packed.iter_raw())
        assert packed.headers["cache-control"] == installable.FOREVER
    assert len(content) < len(whole) / 2
    assert gzip.decompress(content) == whole
    assert browser.get(path, headers={"Accept-Encoding": "identity"}).content == whole
    assert browser.get("/static/js/../../index.html", headers={"Accept-Encoding": "gzip"}).status_code in (303, 404)
