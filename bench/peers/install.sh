#!/bin/sh
# Installs what `bun run bench peers` measures beside Microcosm: Debian packages (asks for root) and npm packages (into
# bench/peers/node_modules). May be run again: what is there stays as it is.
#
# No service is started or left enabled: the bench starts its own, on free ports, with data in temporary folders.
set -eu
here=$(cd "$(dirname "$0")" && pwd)

# package: program it brings
wanted="nginx-light:nginx haproxy:haproxy redis-server:redis-server rabbitmq-server:rabbitmqctl nats-server:nats-server wrk:wrk"

missing=""
for pair in $wanted; do
  package=${pair%%:*} program=${pair##*:}
  # Debian has some of them in sbin, which is not on everybody's path.
  if found=$(PATH="$PATH:/usr/sbin:/sbin" command -v "$program"); then
    echo "there already: $program ($found)"
  else
    missing="$missing $package"
  fi
done

if [ -n "$missing" ]; then
  if ! command -v apt-get >/dev/null; then
    echo "not installed:$missing. This is not Debian: install them by hand, the bench says which it lacks." >&2
  else
    root=""
    [ "$(id -u)" = 0 ] || root="sudo"
    echo "installing Debian packages:$missing"
    # A policy of 101 forbids the packages' scripts to start what they install.
    policy=/usr/sbin/policy-rc.d
    if [ ! -e "$policy" ]; then
      printf '#!/bin/sh\nexit 101\n' | $root tee "$policy" >/dev/null
      $root chmod 755 "$policy"
      trap '$root rm -f "$policy"' EXIT
    fi
    $root apt-get update -qq
    # shellcheck disable=SC2086 # a list
    $root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $missing
    # Enabled by their packages; only those that this run has brought are disabled again.
    for package in $missing; do
      case $package in
        wrk) ;;
        nginx-light) $root systemctl disable nginx 2>/dev/null || true ;;
        *) $root systemctl disable "$package" 2>/dev/null || true ;;
      esac
    done
  fi
fi

bun=$(command -v bun || true)
if [ -z "$bun" ]; then
  echo "bun is not on the path: run 'bun install --cwd bench/peers' yourself" >&2
  exit 1
fi
echo "npm packages into bench/peers/node_modules: amqplib, autocannon, moleculer, moleculer-web, NATS's client"
"$bun" install --frozen-lockfile --cwd "$here"
command -v node >/dev/null || echo "node is not installed: Moleculer and autocannon will not be measured"
echo "done: bun run bench peers"
