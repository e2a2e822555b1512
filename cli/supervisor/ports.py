"""Chooses ports: an explicitly set port or none, otherwise the default or the next free one."""

import socket
from collections.abc import Iterable

from focusflow.errors import SetupProblem
from focusflow.settings import Settings

TRIES = 50


def choose_ports(settings: Settings, names: Iterable[str]) -> dict[str, int]:
    """A free port for each setting such as `api_port`. Explicitly set ports are chosen first."""
    chosen: dict[str, int] = {}
    for name in sorted(names, key=lambda name: name not in settings.model_fields_set):
        wanted: int = getattr(settings, name)
        is_explicit = name in settings.model_fields_set
        candidates = [wanted] if is_explicit else range(wanted, min(wanted + TRIES, 65536))
        free = (port for port in candidates if port not in chosen.values() and is_free(settings.host, port))
        port = next(free, None)
        if port is None:
            raise SetupProblem(_sentence(f"FOCUSFLOW_{name.upper()}", wanted, is_explicit=is_explicit))
        chosen[name] = port
    return chosen


def require_free(settings: Settings, name: str) -> None:
    """Refuse a taken port, for a server that runs alone: its callers expect it on exactly this port."""
    port: int = getattr(settings, name)
    if not is_free(settings.host, port):
        raise SetupProblem(_sentence(f"FOCUSFLOW_{name.upper()}", port, is_explicit=True))


def is_free(host: str, port: int) -> bool:
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        with socket.socket(family, kind, protocol) as listener:
            listener.setsockopt(
                socket.SOL_SOCKET, socket.SO_REUSEADDR, 1
            )  # as the servers do: a port in TIME_WAIT is free
            listener.bind(address)
            return True
    except socket.gaierror as error:
        raise SetupProblem(
            f"The setting FOCUSFLOW_HOST is wrong: {host!r} is not an address of this machine."
        ) from error
    except OSError:
        return False


def _sentence(setting: str, port: int, *, is_explicit: bool) -> str:
    if is_explicit:
        return f"Port {port} is taken. Stop what uses it, or set {setting} to another port."
    return f"The ports from {port} on are taken. Set {setting} to a free one."
