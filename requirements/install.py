"""Install locks, or the checkout itself, into `.venv` with uv, from wherever pip was told to install.

uv does not read pip's settings. A machine that reaches its packages through a mirror is usually told so in pip's
configuration or in `PIP_*`; what is said there is handed on, and uv's own settings win where both are given.
"""

import ast
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

UV_NAMES = {
    "index-url": "UV_DEFAULT_INDEX",
    "extra-index-url": "UV_INDEX",
    "find-links": "UV_FIND_LINKS",
    "trusted-host": "UV_INSECURE_HOST",
    "timeout": "UV_HTTP_TIMEOUT",
    "default-timeout": "UV_HTTP_TIMEOUT",
    "cert": "SSL_CERT_FILE",
    "proxy": "ALL_PROXY",
}
OLDER_NAMES = {"UV_DEFAULT_INDEX": "UV_INDEX_URL", "UV_INDEX": "UV_EXTRA_INDEX_URL"}
SECTIONS = ("global", "install", ":env:")  # a later one wins, as in pip


def pip_settings(listing: str) -> dict[str, str]:
    r"""What `pip config list` says about installing, the strongest section last.

    >>> pip_settings("global.timeout='15'\n:env:.timeout='60'\nglobal.cert='/etc/ca.pem'")
    {'timeout': '60', 'cert': '/etc/ca.pem'}
    """
    lines = [line.partition("=") for line in listing.splitlines()]
    found = [(*key.rpartition(".")[::2], ast.literal_eval(value)) for key, equals, value in lines if equals]
    known = sorted((row for row in found if row[0] in SECTIONS), key=lambda row: SECTIONS.index(row[0]))
    return {name: str(value) for _, name, value in known}


def uv_environment(pip: Mapping[str, str], environment: Mapping[str, str]) -> dict[str, str]:
    """The variables that tell uv what pip was told.

    >>> uv_environment({"index-url": "https://mirror.example/simple"}, {})["UV_DEFAULT_INDEX"]
    'https://mirror.example/simple'
    >>> "UV_DEFAULT_INDEX" in uv_environment({"index-url": "https://a.example"}, {"UV_INDEX_URL": "https://b.example"})
    False
    """
    told = {UV_NAMES[name]: value for name, value in pip.items() if name in UV_NAMES}
    if "UV_FIND_LINKS" in told:
        told["UV_FIND_LINKS"] = ",".join(told["UV_FIND_LINKS"].split())  # uv parts this list by commas, pip by spaces
    if "UV_INDEX" in told:
        told["UV_INDEX"] = " ".join(told["UV_INDEX"].split())
        told["UV_INDEX_STRATEGY"] = "unsafe-best-match"  # pip looks into all of them; hashes are what makes it safe
    told["UV_COMPILE_BYTECODE"] = "1"  # else, where bytecode is not written, each process parses its libraries again
    return {
        name: value
        for name, value in told.items()
        if name not in environment and OLDER_NAMES.get(name, name) not in environment
    }


def main(arguments: list[str]) -> int:
    """Run `uv pip install` with the arguments, into the environment of this interpreter."""
    listing = subprocess.run(
        [sys.executable, "-m", "pip", "config", "list"], check=True, capture_output=True, text=True
    ).stdout
    environment = os.environ | uv_environment(pip_settings(listing), os.environ)
    uv = str(Path(sys.executable).with_name("uv"))
    command = [uv, "pip", "install", "--quiet", "--python", sys.executable, *arguments]
    return subprocess.run(command, check=False, env=environment).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
