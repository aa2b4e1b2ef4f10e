#!/usr/bin/env bash
# A real Kubernetes control plane as plain processes, inside netns.sh. Idempotent: what runs is left alone, what is missing is started: so it is also
# how a test brings back a component that it has killed. Prints the administrator's kubeconfig.
#   BIN   folder of build.sh      RUN   folder of this run: pids, logs, keys, etcd's data
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
: "${BIN:?folder of build.sh}" "${RUN:?folder of this run}"
api=https://127.0.0.1:6443
mkdir -p "$RUN"/{pid,log,pki,etcd}
chmod 700 "$RUN/etcd" "$RUN/pki"

say() { printf '%s %s\n' "$(date +%T.%3N)" "$*" >&2; }
alive() { [ -s "$RUN/pid/$1" ] && kill -0 "$(cat "$RUN/pid/$1")" 2>/dev/null; }
start() { # name command…
  local name=$1
  shift
  alive "$name" && return
  setsid "$@" </dev/null >>"$RUN/log/$name.log" 2>&1 &
  echo $! >"$RUN/pid/$name"
}
wait_for() { # name seconds command…
  local name=$1 end=$((SECONDS + $2))
  shift 2
  until "$@" >/dev/null 2>&1; do
    if ! alive "$name" || [ $SECONDS -ge $end ]; then
      say "$name $(alive "$name" && echo "is not ready" || echo "has ended"); the end of its log:"
      tail -20 "$RUN/log/$name.log" >&2
      exit 1
    fi
    sleep 0.1
  done
}
# kubeconfig FILE TOKEN
kubeconfig() {
  cat >"$RUN/$1" <<X
apiVersion: v1
kind: Config
current-context: test
clusters: [{name: test, cluster: {server: "$api", certificate-authority: "$RUN/pki/apiserver.crt"}}]
users: [{name: test, user: {token: "$2"}}]
contexts: [{name: test, context: {cluster: test, user: test}}]
X
  chmod 600 "$RUN/$1"
}
token_of() { awk -F, -v user="$1" '$2 == user {print $1}' "$RUN/pki/tokens.csv"; }

# --- keys: one for service accounts' tokens, static bearer tokens for the components (the built-in RBAC roles then apply to them)
if [ ! -s "$RUN/pki/tokens.csv" ]; then
  openssl genrsa -out "$RUN/pki/sa.key" 2048 2>/dev/null
  openssl rsa -in "$RUN/pki/sa.key" -pubout -out "$RUN/pki/sa.pub" 2>/dev/null
  # A client CA makes the apiserver publish kube-system/extension-apiserver-authentication, which scheduler and controller manager want.
  openssl req -x509 -newkey rsa:2048 -nodes -subj /CN=client-ca -days 2 -keyout "$RUN/pki/ca.key" -out "$RUN/pki/ca.crt" 2>/dev/null
  new() { openssl rand -hex 16; }
  cat >"$RUN/pki/tokens.csv" <<X
$(new),admin,admin,"system:masters"
$(new),system:kube-scheduler,scheduler,""
$(new),system:kube-controller-manager,controller-manager,""
$(new),kwok,kwok,"system:masters"
X
  kubeconfig admin.kubeconfig "$(token_of admin)"
  kubeconfig scheduler.kubeconfig "$(token_of system:kube-scheduler)"
  kubeconfig controller-manager.kubeconfig "$(token_of system:kube-controller-manager)"
  kubeconfig kwok.kubeconfig "$(token_of kwok)"
fi

start etcd "$BIN/etcd" --name test --data-dir "$RUN/etcd" --unsafe-no-fsync \
  --listen-client-urls http://127.0.0.1:2379 --advertise-client-urls http://127.0.0.1:2379 \
  --listen-peer-urls http://127.0.0.1:2380 --initial-advertise-peer-urls http://127.0.0.1:2380 --initial-cluster test=http://127.0.0.1:2380
wait_for etcd 30 curl -sf http://127.0.0.1:2379/health

# --advertise-address and no endpoint reconciler: there is no default route here.
start apiserver "$BIN/kube-apiserver" --etcd-servers=http://127.0.0.1:2379 \
  --bind-address=127.0.0.1 --advertise-address=127.0.0.1 --secure-port=6443 --endpoint-reconciler-type=none \
  --cert-dir="$RUN/pki" --client-ca-file="$RUN/pki/ca.crt" --requestheader-client-ca-file="$RUN/pki/ca.crt" \
  --requestheader-allowed-names=front-proxy-client --requestheader-username-headers=X-Remote-User \
  --requestheader-group-headers=X-Remote-Group --requestheader-extra-headers-prefix=X-Remote-Extra- \
  --token-auth-file="$RUN/pki/tokens.csv" --authorization-mode=RBAC \
  --service-account-issuer=https://kubernetes.default.svc --service-account-key-file="$RUN/pki/sa.pub" \
  --service-account-signing-key-file="$RUN/pki/sa.key" --service-cluster-ip-range=10.96.0.0/16 --allow-privileged=true
wait_for apiserver 90 curl -sfk "$api/readyz"

# The client limits are raised: with the defaults it takes 5 s longer until there is a default service account.
start controller-manager "$BIN/kube-controller-manager" --kubeconfig="$RUN/controller-manager.kubeconfig" \
  --authentication-kubeconfig="$RUN/controller-manager.kubeconfig" --authorization-kubeconfig="$RUN/controller-manager.kubeconfig" \
  --bind-address=127.0.0.1 --secure-port=10257 --cert-dir="$RUN/pki" --leader-elect=false --allocate-node-cidrs=false \
  --service-account-private-key-file="$RUN/pki/sa.key" --root-ca-file="$RUN/pki/apiserver.crt" --use-service-account-credentials=true \
  --cluster-signing-cert-file="$RUN/pki/ca.crt" --cluster-signing-key-file="$RUN/pki/ca.key" --kube-api-qps=500 --kube-api-burst=1000
start scheduler "$BIN/kube-scheduler" --kubeconfig="$RUN/scheduler.kubeconfig" \
  --authentication-kubeconfig="$RUN/scheduler.kubeconfig" --authorization-kubeconfig="$RUN/scheduler.kubeconfig" \
  --bind-address=127.0.0.1 --secure-port=10259 --cert-dir="$RUN/pki" --leader-elect=false

kubectl() { "$BIN/kubectl" --kubeconfig="$RUN/admin.kubeconfig" "$@"; }
# A kwok that comes back would wait 40 s for its predecessor's leases of the nodes.
alive kwok || kubectl delete lease -n kube-node-lease --all >/dev/null 2>&1 || true
start kwok "$BIN/kwok" --kubeconfig="$RUN/kwok.kubeconfig" --config="$BIN/kwok.yaml" --server-address=127.0.0.1:10247 --node-port=10247 \
  --tls-cert-file="$RUN/pki/apiserver.crt" --tls-private-key-file="$RUN/pki/apiserver.key"
wait_for controller-manager 60 curl -sfk https://127.0.0.1:10257/healthz
wait_for scheduler 60 curl -sfk https://127.0.0.1:10259/healthz
if [ ! -e "$RUN/objects-applied" ]; then
  kubectl apply -f "$here/storage-class.yaml" -f "$here/nodes.yaml" >/dev/null
  wait_for kwok 60 "$BIN/kubectl" --kubeconfig="$RUN/admin.kubeconfig" wait --for=condition=Ready node --all --timeout=1s
  touch "$RUN/objects-applied"
fi
# Without the default service account every pod is refused.
wait_for controller-manager 60 "$BIN/kubectl" --kubeconfig="$RUN/admin.kubeconfig" get serviceaccount default -n default
echo "$RUN/admin.kubeconfig"
