#!/usr/bin/env bash
# Makes the environment: a virtual environment with this package and its tools, and the
# program that the demo talks to. Needs python3 (3.11 or later) and, for what is missing,
# apt. Called by make; safe to call again.
#
# With the argument `programs`: installs what tests alone talk to, and nothing else.
set -euo pipefail

PYTHON="${PYTHON:-python3}"
VENV="${VENV:-.venv}"

say() { printf '%s\n' "$*" >&2; }

# Install Debian packages, as root or through sudo; say what to do where neither goes.
install() {
    local run=()
    if [ "$(id -u)" -ne 0 ]; then
        if ! sudo -n true 2>/dev/null; then
            say "error: needs Debian packages: sudo apt-get install $*"
            exit 1
        fi
        run=(sudo -n)
    fi
    say "installing Debian packages: $*"
    "${run[@]}" apt-get update -qq
    DEBIAN_FRONTEND=noninteractive "${run[@]}" apt-get install -y -qq "$@" >/dev/null
}

# A key store, a clock to set for one program, and a Java library with its compiler; minutes on a machine without Java.
install_programs() {
    local missing=()
    command -v softhsm2-util >/dev/null || missing+=(softhsm2)
    command -v faketime >/dev/null || missing+=(faketime)
    [ -e /usr/share/java/bcpkix.jar ] || missing+=(libbcpkix-java)
    command -v javac >/dev/null || missing+=(default-jdk-headless)
    [ ${#missing[@]} -eq 0 ] || install "${missing[@]}"
}

if [ "${1:-}" = programs ]; then
    install_programs
    exit
fi
if ! "$PYTHON" -c 'import sys; sys.exit(sys.version_info < (3, 11))'; then
    say "error: $PYTHON is older than 3.11: make PYTHON=/path/to/python3"
    exit 1
fi
command -v openssl >/dev/null || install openssl
"$PYTHON" -c 'import ensurepip, venv' 2>/dev/null || install python3-venv

[ -x "$VENV/bin/python" ] || "$PYTHON" -m venv "$VENV"
say "installing Python packages into $VENV"
# --group, which names the development tools of pyproject.toml, came with pip 25.1.
"$VENV/bin/python" -m pip install --quiet --disable-pip-version-check --upgrade 'pip>=25.1'
"$VENV/bin/python" -m pip install --quiet --disable-pip-version-check \
    --editable '.[client,server,cli,pkcs11,pyopenssl,testing]' --group dev
