"""The API reference at `/docs`: Swagger UI, served by the installation itself."""

from importlib.resources import files
from pathlib import Path

import fastapi_offline
from fastapi import APIRouter
from starlette.responses import FileResponse, HTMLResponse, Response

from focusflow.errors import NotFound

router = APIRouter(include_in_schema=False)

STATIC = Path(str(files(fastapi_offline))) / "static"
FILES = ("swagger-ui.css", "swagger-ui-bundle.js", "favicon.png")

#: Swagger UI writes styles into its elements; its scripts are files, and it calls this API only.
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; connect-src 'self';"
    " base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)

PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>FocusFlow API</title>
<link rel="icon" href="docs/favicon.png">
<link rel="stylesheet" href="docs/swagger-ui.css">
</head>
<body>
<div id="reference"></div>
<noscript>The reference needs JavaScript. Its source is <a href="openapi.json">openapi.json</a>.</noscript>
<script src="docs/swagger-ui-bundle.js"></script>
<script src="docs/start.js"></script>
</body>
</html>
"""

#: Large groups stay closed. A token that was entered is gone with the page.
START = """SwaggerUIBundle({
  url: "openapi.json", dom_id: "#reference", deepLinking: true, docExpansion: "none", filter: true, defaultModelsExpandDepth: -1,
  presets: [SwaggerUIBundle.presets.apis], validatorUrl: null, displayRequestDuration: true,
});
"""


@router.get("/docs")
def reference() -> Response:
    return HTMLResponse(PAGE, headers={"Content-Security-Policy": POLICY})


@router.get("/docs/start.js")
def start() -> Response:
    return Response(START, media_type="text/javascript")


@router.get("/docs/{name}")
def file(name: str) -> Response:
    if name not in FILES:
        raise NotFound
    return FileResponse(STATIC / name, headers={"Cache-Control": "public, max-age=86400"})
