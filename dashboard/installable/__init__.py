"""The dashboard as an app that phones and desktops install: manifest, icons, offline page, and the document around Streamlit's pages.

Streamlit's scripts are served here too: it sends them uncompressed.
"""

import gzip
import json
import re
from collections.abc import Iterator
from functools import cache
from importlib.resources import files
from pathlib import Path

import streamlit
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import FileResponse, HTMLResponse, JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from dashboard.auth.headers import policy_of_form
from focusflow.i18n import gettext as _
from focusflow.i18n import language, mark

HERE = Path(str(files(__name__)))
STREAMLIT = Path(str(files(streamlit))) / "static"

#: Reached without signing in: a browser fetches them without cookies, and the offline page while nothing can be asked.
OPEN_PATHS = ("/manifest.webmanifest", "/service-worker.js", "/offline", "/icons/")

ICONS = {180: "icon-180.png", 192: "icon-192.png", 512: "icon-512.png"}
LIGHT, DARK = "#fbfaf8", "#12171c"
FOREVER = "public, immutable, max-age=31536000"  # their names hold a digest of their content
DAY = "public, max-age=86400"
PACKED = {".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml"}

#: What most pages consist of. Streamlit loads each at its first use, and the page would jump when it comes.
USED = (
    "elements/ArrowVegaLiteChart/ArrowVegaLiteChart",
    "elements/LinkButton/LinkButton",
    "elements/Metric/Metric",
    "elements/PageLink/PageLink",
    "elements/Progress/Progress",
    "elements/Spinner/Spinner",
    "elements/Toast/Toast",
    "widgets/Button/Button",
    "widgets/ButtonGroup/ButtonGroup",
    "widgets/Checkbox/Checkbox",
    "widgets/DownloadButton/DownloadButton",
    "widgets/NumberInput/NumberInput",
    "widgets/Selectbox/Selectbox",
    "widgets/TextInput/TextInput",
)
ICON_FONT = "src/assets/fonts/MaterialSymbols/MaterialSymbols-Rounded.woff2"

HEAD = f"""<title>FocusFlow</title>
    <link rel="manifest" href="/manifest.webmanifest" />
    <link rel="apple-touch-icon" href="/icons/icon-180.png" />
    <meta name="theme-color" content="{LIGHT}" media="(prefers-color-scheme: light)" />
    <meta name="theme-color" content="{DARK}" media="(prefers-color-scheme: dark)" />
    <style>:root {{ color-scheme: light dark; background: light-dark({LIGHT}, {DARK}) }}</style>
    <script>
      // Where the server is: otherwise the path of each page is tried first.
      window.__streamlit = {{BACKEND_BASE_URL: location.origin}}
      navigator.serviceWorker?.register("/service-worker.js")
    </script>"""

MANIFEST = {
    "id": "/",
    "name": "FocusFlow",
    "short_name": "FocusFlow",
    "start_url": "/",
    "scope": "/",
    "display": "standalone",
    "background_color": LIGHT,
    "theme_color": LIGHT,
    "icons": [
        {"src": f"/icons/{name}", "sizes": f"{size}x{size}", "type": "image/png", "purpose": purpose}
        for size, name in ICONS.items()
        for purpose in ("any", "maskable")
        if size >= 192
    ],
}
SHORTCUTS = (mark("Tasks"), mark("Habits"), mark("Time"))
DESCRIPTION = mark("Your tasks, habits, goals and time in numbers.")


def routes(page_paths: list[str]) -> list[Route]:
    """`page_paths`: at which the document of Streamlit's pages is served."""
    return [
        *(Route(path, document) for path in page_paths),
        Route("/manifest.webmanifest", manifest),
        Route("/service-worker.js", service_worker),
        Route("/offline", offline),
        Route("/icons/{name}", icon),
    ]


@cache
def _document() -> str:
    page = (STREAMLIT / "index.html").read_text(encoding="utf-8")
    look = (HERE.parent / "look.css").read_text(encoding="utf-8")
    own = "\n    ".join([HEAD, *_preloads(page), f"<style>\n{look}</style>"])
    changed, count = re.subn(r"<title>.*?</title>", lambda _found: own, page)
    if count != 1:
        raise ValueError("The page of this version of Streamlit has no title to replace.")
    return changed


def _preloads(page: str) -> Iterator[str]:
    chunks = json.loads((STREAMLIT / "manifest.json").read_bytes())
    yield f'<link rel="preload" href="/{chunks[ICON_FONT]["file"]}" as="font" type="font/woff2" crossorigin />'
    waiting = [f"../lib/src/components/{name}.tsx" for name in USED]
    seen = set(waiting)
    for name in waiting:  # which grows
        chunk = chunks[name]
        if chunk["file"] not in page:
            yield f'<link rel="modulepreload" crossorigin href="/{chunk["file"]}" />'
        new = [each for each in chunk.get("imports", []) if each not in seen]
        waiting += new
        seen.update(new)


def document(_request: Request) -> Response:
    return HTMLResponse(_document(), headers={"Cache-Control": "no-cache"})


def manifest(_request: Request) -> Response:
    icons = [{"src": f"/icons/{ICONS[192]}", "sizes": "192x192"}]
    shortcuts = [{"name": _(name), "url": f"/{name.lower()}", "icons": icons} for name in SHORTCUTS]
    content = {**MANIFEST, "description": _(DESCRIPTION), "lang": language(), "shortcuts": shortcuts}
    return JSONResponse(
        content, media_type="application/manifest+json", headers={"Cache-Control": DAY, "Vary": "Accept-Language"}
    )


def service_worker(_request: Request) -> Response:
    return FileResponse(HERE / "service-worker.js", media_type="text/javascript", headers={"Cache-Control": "no-cache"})


def offline(_request: Request) -> Response:
    page = (HERE / "offline.html").read_text(encoding="utf-8")
    texts = {
        "language": language(),
        "title": _("No connection"),
        "text": _("FocusFlow cannot be reached from here. Nothing that you saved is lost."),
        "again": _("Try again"),
    }
    for name, text in texts.items():
        page = page.replace(f"[{name}]", text)
    return HTMLResponse(page, headers={"Cache-Control": "no-cache", "Content-Security-Policy": policy_of_form()})


def icon(request: Request) -> Response:
    name = request.path_params["name"]
    if name not in ICONS.values():
        return Response(status_code=404)
    return FileResponse(HERE / name, headers={"Cache-Control": DAY})


class PackedFiles:
    """Serves the scripts and styles of Streamlit compressed. Each is compressed once."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        path = _packable().get(scope["path"]) if scope["type"] == "http" else None
        if path is None or "gzip" not in Request(scope).headers.get("accept-encoding", ""):
            await self.app(scope, receive, send)
            return
        headers = {"Cache-Control": FOREVER, "Content-Encoding": "gzip", "Vary": "Accept-Encoding"}
        answer = Response(await run_in_threadpool(_packed, path), media_type=PACKED[path.suffix], headers=headers)
        await answer(scope, receive, send)


@cache
def _packable() -> dict[str, Path]:
    return {
        f"/{path.relative_to(STREAMLIT).as_posix()}": path
        for path in (STREAMLIT / "static").rglob("*")
        if path.suffix in PACKED
    }


@cache
def _packed(path: Path) -> bytes:
    return gzip.compress(path.read_bytes(), 6, mtime=0)
