#!/usr/bin/env bash
# Stops what up.sh started, by pid and in order, waiting for each: down.sh [COMPONENT…]   (etcd, apiserver, controller-manager, scheduler, kwok; all without an argument)
set -u
: "${RUN:?folder of this run}"
stop() {
  local name pid
  for name in "$@"; do [ -s "$RUN/pid/$name" ] && kill "$(cat "$RUN/pid/$name")" 2>/dev/null; done
  for name in "$@"; do
    [ -s "$RUN/pid/$name" ] || continue
    pid=$(cat "$RUN/pid/$name")
    for _ in $(seq 200); do
      kill -0 "$pid" 2>/dev/null || break
      sleep 0.05
    done
    kill -9 "$pid" 2>/dev/null
    rm -f "$RUN/pid/$name"
  done
}
if [ $# -gt 0 ]; then stop "$@"; else stop kwok scheduler controller-manager; stop apiserver; stop etcd; fi
exit 0
