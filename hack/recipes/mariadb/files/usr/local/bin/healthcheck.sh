#!/bin/bash
# Asks the server how it is, as the official image's script of this name: every question asked must be answered by yes.
#   --connect              it takes connections over TCP (it does not while it is being set up)
#   --innodb_initialized   InnoDB is there
set -euo pipefail

ask() {
  mariadb --defaults-file=/var/lib/mysql/.my-healthcheck.cnf --protocol=tcp --host=127.0.0.1 \
    --connect-timeout=5 --skip-column-names --batch --execute "$1"
}

[ $# -gt 0 ] || { echo "usage: healthcheck.sh --connect --innodb_initialized" >&2; exit 2; }
for question in "$@"; do
  case $question in
    --connect) ask 'SELECT 1' >/dev/null ;;
    --innodb_initialized)
      [ "$(ask "SELECT support IN ('YES', 'DEFAULT') FROM information_schema.engines WHERE engine = 'InnoDB'")" = 1 ]
      ;;
    *)
      echo "healthcheck.sh: unknown question $question" >&2
      exit 2
      ;;
  esac
done
