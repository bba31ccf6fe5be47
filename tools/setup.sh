#!/usr/bin/env bash
# Create the environment: a virtual environment with this package and its tools. Needs
# python3 (3.11 or later), and apt only if Python's module venv is missing. Called by
# make; safe to call again. GROUP names the tools, a dependency group of pyproject.toml.
#
# With the argument `programs`: only install the programs that the tests use; with
# `bench`, those of a benchmark too; with `soak`: only those of the long runs. With
# `openssl` or `debootstrap`: only install that program, if it is missing.
set -euo pipefail

PYTHON="${PYTHON:-python3}"
VENV="${VENV:-.venv}"
GROUP="${GROUP:-dev}"

say() { printf '%s\n' "$*" >&2; }

# Run as root, directly or through sudo.
as_root() {
    if [ "$(id -u)" -eq 0 ]; then "$@"; else sudo -n "$@"; fi
}

# Install Debian packages; without the permission, print the command and exit.
install() {
    if [ "$(id -u)" -ne 0 ] && ! sudo -n true 2>/dev/null; then
        say "error: Debian packages are missing; run: sudo apt-get install $*"
        exit 1
    fi
    say "installing Debian packages: $*"
    as_root apt-get update -qq
    as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq "$@" >/dev/null
}

# SoftHSM, faketime, Chromium, Java, Go, Node.js, databases, caches, and others. Takes minutes on a machine
# without them.
install_programs() {
    local missing=()
    command -v openssl >/dev/null || missing+=(openssl)
    command -v softhsm2-util >/dev/null || missing+=(softhsm2)
    command -v p11-kit >/dev/null || missing+=(p11-kit p11-kit-modules)
    command -v faketime >/dev/null || missing+=(faketime)
    [ -e /usr/share/java/bcpkix.jar ] || missing+=(libbcpkix-java)
    command -v javac >/dev/null || missing+=(default-jdk-headless)
    command -v curl >/dev/null || missing+=(curl)
    command -v chromium >/dev/null || missing+=(chromium)
    command -v socat >/dev/null || missing+=(socat)
    command -v ip >/dev/null || missing+=(iproute2)
    [ -e /usr/share/easy-rsa/easyrsa ] || missing+=(easy-rsa)
    command -v cfssl >/dev/null || missing+=(golang-cfssl)
    command -v ocsptool >/dev/null || missing+=(gnutls-bin)
    command -v ocspclnt >/dev/null || missing+=(libnss3-tools)
    command -v go >/dev/null || missing+=(golang-go)
    [ -e /usr/share/gocode/src/golang.org/x/crypto/ocsp ] || missing+=(golang-golang-x-crypto-dev)
    command -v node >/dev/null || missing+=(nodejs)
    command -v npm >/dev/null || missing+=(npm)
    [ ${#missing[@]} -eq 0 ] || install "${missing[@]}"
    install_pkijs
    install_servers nginx haproxy apache2:apache2-bin varnishd:varnish redis-server pgbouncer \
        promtool:prometheus mariadbd:mariadb-server-core
    compgen -G '/usr/lib/*/varnish/vmods/libvmod_xkey.so' >/dev/null ||
        install_servers xkey:varnish-modules
    compgen -G '/usr/lib/postgresql/*/bin/postgres' >/dev/null ||
        install_servers postgres:postgresql
    bash tools/haproxy.sh
}

# Install PKI.js, which one of the clients in the tests uses, from the npm registry.
install_pkijs() {
    local folder=.cache/pkijs
    mkdir -p "$folder"
    cp tests/integration/real_clients/package.json "$folder/"
    (cd "$folder" && npm install --silent --no-audit --no-fund --ignore-scripts >&2)
}

# Install web servers as programs only: none of them may run as a service. Each argument
# is the name of a program, with the name of its package if that is different.
install_servers() {
    local each missing=() policy=/usr/sbin/policy-rc.d
    for each in "$@"; do
        command -v "${each%%:*}" >/dev/null || [ -x "/usr/sbin/${each%%:*}" ] ||
            missing+=("${each##*:}")
    done
    [ ${#missing[@]} -gt 0 ] || return 0
    # Debian starts services after installation, unless this file forbids it.
    if [ ! -e "$policy" ]; then
        trap 'as_root rm -f /usr/sbin/policy-rc.d' EXIT
        printf '#!/bin/sh\nexit 101\n' | as_root tee "$policy" >/dev/null
        as_root chmod 755 "$policy"
    fi
    install --no-install-recommends "${missing[@]}"
    # The services must not start at the next boot either.
    [ -d /run/systemd/system ] || return 0
    for each in "${missing[@]}"; do
        as_root systemctl disable --now --quiet "$each" 2>/dev/null || true
    done
}

# What `make bench-responder` needs besides: a client that costs little.
install_bench() {
    install_programs
    command -v wrk >/dev/null || install wrk
}

# What `make soak` needs besides: an engine for containers, and what unpacks their base.
install_soak() {
    install_servers podman runc mmdebstrap iptables /usr/lib/podman/netavark:netavark
}

case "${1:-}" in
    bench) install_bench; exit ;;
    soak) install_soak; exit ;;
    programs) install_programs; exit ;;
    openssl | debootstrap) command -v "$1" >/dev/null || install "$1"; exit ;;
esac
if ! "$PYTHON" -c 'import sys; sys.exit(sys.version_info < (3, 11))'; then
    say "error: $PYTHON is older than Python 3.11; run: make PYTHON=/path/to/python3"
    exit 1
fi
"$PYTHON" -c 'import ensurepip, venv' 2>/dev/null || install python3-venv

[ -x "$VENV/bin/python" ] || "$PYTHON" -m venv "$VENV"
say "installing Python packages into $VENV"
# --group installs the development tools from pyproject.toml; it needs pip 25.1.
"$VENV/bin/python" -m pip install --quiet --disable-pip-version-check --upgrade 'pip>=25.1'
"$VENV/bin/python" -m pip install --quiet --disable-pip-version-check \
    --editable '.[all,testing]' --group "$GROUP"
