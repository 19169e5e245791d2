#!/bin/bash
# Makes the database that the environment asks for, if the data directory is empty, and becomes the server.
# The settings are those of the official image: MARIADB_... or MYSQL_..., each also as ..._FILE that names a file.
set -euo pipefail
shopt -s nullglob

data=/var/lib/mysql
unfinished=$data/.fizz-initialising # there as long as the first set-up has not come to its end
socket=/run/mysqld/mysqld.sock

[ $# -gt 0 ] && [[ $1 != -* ]] || set -- mariadbd "$@"
[ "$1" != mysqld ] || set -- mariadbd "${@:2}"
[ "$1" = mariadbd ] || exec "$@"
for argument in "$@"; do
  case $argument in --help | -'?' | --version | -V | --verbose) exec "$@" ;; esac
done

if [ "$(id -u)" = 0 ]; then
  mkdir -p "$data" /run/mysqld
  find "$data" /run/mysqld ! -user mysql -exec chown mysql: {} +
  exec setpriv --reuid=mysql --regid=mysql --init-groups "$0" "$@"
fi

say() { echo "[entry point] $*" >&2; }

# setting NAME: its value, empty if it is not given.
setting() {
  local name file
  for name in "MARIADB_$1" "MYSQL_$1"; do
    file=${name}_FILE
    if [ -n "${!name:-}" ]; then
      printf %s "${!name}"
      return
    elif [ -n "${!file:-}" ]; then
      cat "${!file}"
      return
    fi
  done
}

text() { # as an SQL string
  local escaped=${1//\\/\\\\}
  printf "'%s'" "${escaped//\'/\'\'}"
}

name() { printf '`%s`' "${1//\`/\`\`}"; } # as an SQL identifier

random() { od -An -N 18 -tx1 /dev/urandom | tr -d ' \n'; }

# The statements that make users and the database of the environment.
statements() {
  local root_host user database password
  root_host=$(setting ROOT_HOST)
  user=$(setting USER)
  database=$(setting DATABASE)
  password=$(text "$(setting PASSWORD)")
  echo "SET @@SESSION.SQL_LOG_BIN = 0;"
  for host in localhost 127.0.0.1 ::1; do
    echo "CREATE USER 'healthcheck'@'$host' IDENTIFIED BY '$1';"
  done
  if [ -n "$database" ]; then
    echo "CREATE DATABASE IF NOT EXISTS $(name "$database");"
  fi
  if [ -n "$user" ]; then
    echo "CREATE USER $(text "$user")@'%' IDENTIFIED BY $password;"
    [ -z "$database" ] || echo "GRANT ALL ON $(name "${database//_/\\_}").* TO $(text "$user")@'%';"
  fi
  if [ "$root_host" != localhost ]; then
    echo "CREATE USER 'root'@$(text "${root_host:-%}") IDENTIFIED BY $(text "$2");"
    echo "GRANT ALL ON *.* TO 'root'@$(text "${root_host:-%}") WITH GRANT OPTION;"
  fi
  echo "ALTER USER 'root'@'localhost' IDENTIFIED BY $(text "$2");"
}

# The first start: system tables, then a server that only this script can reach, for users, database and start scripts.
initialise() {
  local root_password healthcheck_password server script login
  root_password=$(setting ROOT_PASSWORD)
  if [ -z "$root_password" ] && [ -n "$(setting RANDOM_ROOT_PASSWORD)" ]; then
    root_password=$(random)
    say "GENERATED ROOT PASSWORD: $root_password"
  elif [ -z "$root_password" ] && [ -z "$(setting ALLOW_EMPTY_ROOT_PASSWORD)$(setting ALLOW_EMPTY_PASSWORD)" ]; then
    say "the database is new: say MARIADB_ROOT_PASSWORD, MARIADB_RANDOM_ROOT_PASSWORD or MARIADB_ALLOW_EMPTY_ROOT_PASSWORD"
    exit 1
  fi

  say "making the database"
  touch "$unfinished"
  mariadb-install-db --datadir="$data" --auth-root-authentication-method=normal --skip-test-db >/dev/null
  "$@" --datadir="$data" --skip-networking --socket="$socket" &
  server=$!
  until mariadb --no-defaults -u root --socket="$socket" -e 'SELECT 1' >/dev/null 2>&1; do
    kill -0 $server 2>/dev/null || { say "the server does not start"; exit 1; }
    sleep 0.1
  done

  healthcheck_password=$(random)
  statements "$healthcheck_password" "$root_password" | mariadb --no-defaults -u root --socket="$socket"
  (umask 077 && printf '[client]\nuser=healthcheck\npassword=%s\n' "$healthcheck_password" >"$data/.my-healthcheck.cnf")

  export MYSQL_PWD=$root_password
  login="mariadb --no-defaults -u root --socket=$socket $(setting DATABASE)"
  for script in /docker-entrypoint-initdb.d/*; do
    say "running $script"
    case $script in
      *.sh) if [ -x "$script" ]; then "$script"; else . "$script"; fi ;;
      *.sql) $login <"$script" ;;
      *.sql.gz) gunzip -c "$script" | $login ;;
      *) say "it is neither .sh nor .sql nor .sql.gz: left alone" ;;
    esac
  done
  unset MYSQL_PWD

  kill $server
  wait $server
  rm "$unfinished"
  say "the database is made"
}

if [ -e "$unfinished" ]; then
  say "an earlier start was cut short: beginning again"
  find "$data" -mindepth 1 -delete
fi
[ -d "$data/mysql" ] || initialise "$@"
exec "$@" --datadir="$data" --socket="$socket"
