"""An OpenID Connect provider on the loopback address. It checks what a client sends, and a test may spoil what it answers."""

import base64
import hashlib
import secrets
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import unquote, urlencode

import jwt
import uvicorn
from cryptography.hazmat.primitives.asymmetric import rsa
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp

from focusflow import clock

CLIENT_ID, CLIENT_SECRET = "focus flow", "s:e/c+r&e t"


@contextmanager
def served(app: ASGIApp, port: int = 0) -> Iterator[str]:
    """The address of an app that is served for the length of the block."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", port))
        server = uvicorn.Server(uvicorn.Config(app, log_config=None))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
        thread.start()
        deadline = time.monotonic() + 20
        while not server.started and time.monotonic() < deadline:
            time.sleep(0.02)
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
        server.should_exit = True
        thread.join(10)


def _same(claims: dict[str, Any]) -> dict[str, Any]:
    return claims


class Provider:
    """Whoever `user` is, is signed in there. `spoil` changes the claims of an ID token, `sign` how it is signed."""

    def __init__(self) -> None:
        self.issuer = ""
        self.user: dict[str, Any] = {}
        self.userinfo: dict[str, Any] = {}
        self.authentication = "client_secret_basic"
        self.rotate()
        self.reset()
        self._codes: dict[str, dict[str, str]] = {}

    def reset(self) -> None:
        self.spoil: Callable[[dict[str, Any]], dict[str, Any]] = _same
        self.sign: Callable[[dict[str, Any]], str] = self.signed
        self.is_down = False
        self.signed_in_at: int | None = None

    def rotate(self) -> None:
        self.key, self.key_id = rsa.generate_private_key(65537, 2048), secrets.token_hex(4)

    def signed(self, claims: dict[str, Any]) -> str:
        return jwt.encode(claims, self.key, "RS256", {"kid": self.key_id})

    @property
    def app(self) -> ASGIApp:
        return Starlette(
            routes=[
                Route("/.well-known/openid-configuration", self._configuration),
                Route("/authorize", self._authorize),
                Route("/token", self._token, methods=["POST"]),
                Route("/keys", self._keys),
                Route("/me", self._me),
            ]
        )

    async def _configuration(self, _: Request) -> Response:
        if self.is_down:
            return Response("down for maintenance", 503)
        ends = {"authorization_endpoint": "authorize", "token_endpoint": "token", "jwks_uri": "keys"}
        ends |= {"userinfo_endpoint": "me", "end_session_endpoint": "sign-out"}
        return JSONResponse(
            {name: f"{self.issuer}/{path}" for name, path in ends.items()}
            | {"issuer": self.issuer, "token_endpoint_auth_methods_supported": [self.authentication]}
        )

    async def _authorize(self, request: Request) -> Response:
        query = dict(request.query_params)
        assert (query["client_id"], query["response_type"]) == (CLIENT_ID, "code")
        assert (query["code_challenge_method"], "openid" in query["scope"].split()) == ("S256", True)
        now = int(clock.now().timestamp())
        is_old = self.signed_in_at is not None and now - self.signed_in_at > int(query.get("max_age", now))
        if is_old:
            self.signed_in_at = now
        code = secrets.token_urlsafe(8)
        self._codes[code] = query
        return RedirectResponse(f"{query['redirect_uri']}?{urlencode({'code': code, 'state': query['state']})}")

    async def _token(self, request: Request) -> Response:
        async with request.form() as form:
            sent = {name: str(value) for name, value in form.items()}
        asked = self._codes.pop(sent["code"], None)
        digest = base64.urlsafe_b64encode(hashlib.sha256(sent["code_verifier"].encode()).digest()).decode().rstrip("=")
        if (
            asked is None
            or not self._is_client(request, sent)
            or sent["redirect_uri"] != asked["redirect_uri"]
            or digest != asked["code_challenge"]
        ):
            return JSONResponse({"error": "invalid_grant"}, 400)
        now = int(clock.now().timestamp())
        claims = {"iss": self.issuer, "aud": CLIENT_ID, "iat": now, "exp": now + 300, "nonce": asked["nonce"]}
        claims["auth_time"] = now if self.signed_in_at is None else self.signed_in_at
        token = self.sign(self.spoil(claims | self.user))
        return JSONResponse({"access_token": "of the user", "token_type": "Bearer", "id_token": token})

    def _is_client(self, request: Request, sent: dict[str, str]) -> bool:
        match self.authentication:
            case "client_secret_basic":
                pair = base64.b64decode(request.headers["authorization"].removeprefix("Basic ")).decode()
                return tuple(map(unquote, pair.split(":"))) == (CLIENT_ID, CLIENT_SECRET)
            case "client_secret_post":
                return (sent["client_id"], sent["client_secret"]) == (CLIENT_ID, CLIENT_SECRET)
        return sent["client_id"] == CLIENT_ID and "authorization" not in request.headers

    async def _keys(self, _: Request) -> Response:
        key = jwt.algorithms.RSAAlgorithm.to_jwk(self.key.public_key(), as_dict=True)
        return JSONResponse({"keys": [key | {"kid": self.key_id, "use": "sig", "alg": "RS256"}]})

    async def _me(self, request: Request) -> Response:
        assert request.headers["authorization"] == "Bearer of the user"
        return JSONResponse(self.userinfo)
