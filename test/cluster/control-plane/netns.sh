#!/usr/bin/env bash
# netns.sh COMMAND…: runs a command in a network, process and mount namespace of its own. Two runs do not collide (all ports are theirs alone), and
# when the command ends, or is killed, the kernel ends everything that it started and undoes its mounts.
# There is no way out to any network. 10.96.0.0/16 (Services) and 198.51.100.0/24 ("the world outside the cluster") are local addresses there (AnyIP),
# 10.244.0.1 is the node's; pods get cards of their own from node/kubelet.py. 10.244.250.0/24 is for pods that have no process: whoever listens answers.
set -euo pipefail
[ "$(id -u)" -eq 0 ] || { echo "The cluster suite needs root: it makes network and mount namespaces for the pods. In CI run it in a container as root." >&2; exit 1; }
for tool in unshare ip setpriv openssl curl; do
  command -v "$tool" >/dev/null || { echo "The cluster suite needs \"$tool\" (Debian: util-linux, iproute2, openssl, curl)." >&2; exit 1; }
done
exec unshare --net --mount --pid --fork --kill-child=KILL --mount-proc --propagation private bash -c '
trap : INT TERM
ip link set lo up
ip addr add 10.244.0.1/32 dev lo
for range in 10.96.0.0/16 198.51.100.0/24 10.244.250.0/24; do ip route add local "$range" dev lo; done
echo 1 >/proc/sys/net/ipv4/ip_forward
"$@"' netns "$@"
