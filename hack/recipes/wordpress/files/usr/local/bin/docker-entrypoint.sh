#!/bin/bash
# Fills /var/www/html with WordPress if it holds none yet, configures it by the environment, and becomes the web server.
set -euo pipefail

if [[ "${1:-}" == apache2* ]]; then
  here=$PWD
  if [ ! -e index.php ] && [ ! -e wp-includes/version.php ]; then
    echo "[entry point] copying WordPress to $here" >&2
    tar -C /usr/src/wordpress -c --exclude wp-config-docker.php . | tar -x
  fi
  if [ ! -s wp-config.php ] && compgen -e WORDPRESS_ >/dev/null; then
    echo "[entry point] writing $here/wp-config.php, which reads the environment" >&2
    # Each of the eight keys that sign cookies gets a random value of its own, kept as long as the file is.
    while IFS= read -r line; do
      printf '%s\n' "${line/RANDOM/$(od -An -N 32 -tx1 /dev/urandom | tr -d ' \n')}"
    done </usr/src/wordpress/wp-config-docker.php >wp-config.php.new
    chown www-data:www-data wp-config.php.new
    mv wp-config.php.new wp-config.php
  fi
fi
exec "$@"
