#!/bin/sh
# Build .venv from requirements.lock, with a private uv if none is installed. Does nothing when it is up to date.
# Needs Python >= 3.11 with its headers and venv module, and gcc (pyradiomics is compiled).
set -eu
cd "$(dirname "$0")/.."

wanted=$(cat requirements.lock pyproject.toml | sha256sum)
[ "$(cat .venv/.built-from 2>/dev/null)" = "$wanted" ] && exit 0

recent() { "$1" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; }
python=""
for candidate in "${PYTHON:-python3}" python3 python3.13 python3.12 python3.11; do
    if recent "$candidate"; then python=$candidate && break; fi
done
[ -n "$python" ] || { echo "no Python >= 3.11 found; install one, or set PYTHON" >&2; exit 1; }

# A fresh Debian has Python without venv and headers.
headers='import os, sysconfig; open(os.path.join(sysconfig.get_paths()["include"], "Python.h"))'
if ! "$python" -c "import ensurepip; $headers" 2>/dev/null; then
    if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
        apt-get update -q && DEBIAN_FRONTEND=noninteractive apt-get install -yq --no-install-recommends python3-venv python3-dev
    else
        echo "$python lacks venv or its headers; on Debian: apt-get install python3-venv python3-dev" >&2
        exit 1
    fi
fi
command -v gcc >/dev/null || { echo "gcc is needed to compile pyradiomics; on Debian: apt-get install gcc libc6-dev" >&2; exit 1; }

uv=$(command -v uv || echo .tools/bin/uv)
if ! [ -x "$uv" ]; then
    "$python" -m venv .tools
    .tools/bin/python -m pip install --quiet uv
fi
export UV_PYTHON_DOWNLOADS=never
"$uv" venv --quiet --clear --python "$("$python" -c 'import sys; print(sys.executable)')" .venv
"$uv" pip install --quiet --python .venv/bin/python --require-hashes -r requirements.lock
"$uv" pip install --quiet --python .venv/bin/python --no-deps --no-build-isolation --editable .
echo "$wanted" > .venv/.built-from
