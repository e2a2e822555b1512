#!/bin/sh
# Makes `.venv` with the newest Python at hand that the project supports. Nothing is installed into it here.
# A command may exist and still not run (version managers leave shims), so each candidate is asked, not looked up.
set -eu
cd "$(dirname "$0")/.."

supported='import sys; sys.exit(not (3, 11) <= sys.version_info[:2] < (3, 15))'
works() { "$@" >/dev/null 2>&1; }

# A copied or moved checkout keeps a .venv whose commands still point at the old place, so that one is made anew.
if works .venv/bin/python -c "$supported" && grep -qF "$(pwd -P)/.venv" .venv/bin/activate; then
    works .venv/bin/python -m pip --version || .venv/bin/python -m ensurepip >/dev/null
    exit 0
fi

incomplete=
for python in ${PYTHON:-python3.14 python3.13 python3.12 python3.11 python3 python}; do
    works "$python" -c "$supported" || continue
    works "$python" -c 'import ensurepip, venv' || { incomplete=${incomplete:-$python}; continue; }
    echo "Making .venv with $("$python" --version)."
    exec "$python" -m venv --clear .venv
done

if [ -n "$incomplete" ]; then
    echo "$incomplete cannot make virtual environments: install its venv module (on Debian and Ubuntu: apt-get install python3-venv)." >&2
else
    echo "No Python from 3.11 to 3.14 was found: install one, or name it with PYTHON=/path/to/python." >&2
fi
exit 1
