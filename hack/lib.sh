# Sourced by the scripts beside it: where things are, and how they say, fail, install and start.
# Nothing here is done by sourcing, except that $root, $cache and $python get their values.
# shellcheck shell=bash
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cache=${FIZZ_CACHE:-${XDG_CACHE_HOME:-${HOME:-/root}/.cache}/fizz} # images, tools and logs: all can be made again
python=$root/.venv/bin/python
mkdir -p "$cache/logs"

say() { printf '%s\n' "$*" >&2; }

# fail MESSAGE [LOG]: say what went wrong and, with a log, its last lines.
fail() {
  say "error: $1"
  if [ -n "${2:-}" ] && [ -s "$2" ]; then
    say "the end of $2:"
    tail -n 20 "$2" | sed 's/^/    /' >&2
  fi
  exit 1
}

sudo= # what makes a command root's: nothing for root
[ "$(id -u)" = 0 ] || sudo="sudo -n"

# may_root COMMAND...: go on if we may run it as root, by sudo where that asks for no password; otherwise ask for it.
may_root() { [ -z "$sudo" ] || $sudo true 2>/dev/null || fail "this needs root, run it by hand and try again: $*"; }

as_root() {
  may_root "$@"
  $sudo "$@"
}

installed() { [ "$(dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null)" = installed ]; }

apt_install() {
  as_root env DEBIAN_FRONTEND=noninteractive apt-get -q -o DPkg::Lock::Timeout=300 \
    install -y --no-install-recommends "$@"
}

# need PACKAGE...: install the Debian packages that are missing; package lists are fetched when apt cannot do without.
need() {
  local package missing=() log=$cache/logs/apt.log
  for package in "$@"; do installed "$package" || missing+=("$package"); done
  [ ${#missing[@]} -gt 0 ] || return 0
  command -v apt-get >/dev/null || fail "there is no apt-get here: install ${missing[*]} by hand and try again"
  apt_install "${missing[@]}" >"$log" 2>&1 && return
  as_root apt-get -q -o DPkg::Lock::Timeout=300 update >>"$log" 2>&1 || fail "apt-get update failed" "$log"
  apt_install "${missing[@]}" >>"$log" 2>&1 || fail "cannot install ${missing[*]}" "$log"
}

# detach LOG COMMAND...: start a service that outlives this shell and its session; its process id is in $detached. What
# a service says is its owner's alone.
detach() {
  local log=$1
  shift
  touch "$log" && chmod 600 "$log"
  setsid "$@" </dev/null >"$log" 2>&1 &
  detached=$!
}

# await SECONDS COMMAND...: try until the command succeeds; fails if it never does, or once $detached has ended.
await() {
  local end=$((SECONDS + $1))
  shift
  until "$@"; do
    [ $SECONDS -lt $end ] || return 1
    [ -z "${detached:-}" ] || kill -0 "$detached" 2>/dev/null || return 1
    sleep 0.1
  done
}
