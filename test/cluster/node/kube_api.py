"""Talks to the apiserver for kubelet.py and kube_proxy.py: JSON over HTTPS with the token of a kubeconfig. Standard library only."""

import base64
import json
import re
import ssl
import sys
import threading
import time
import urllib.error
import urllib.request


def log(*words):
    print(time.strftime("%H:%M:%S"), *words, file=sys.stderr, flush=True)


class NotFound(Exception):
    pass


class Api:
    """`kubeconfig` is one of up.sh: one cluster, one token."""

    def __init__(self, kubeconfig):
        with open(kubeconfig, encoding="utf-8") as file:
            text = file.read()
        self.server, self.ca, self.token = (
            re.search(pattern, text)[1] for pattern in (r'server: "([^"]+)"', r'certificate-authority: "([^"]+)"', r'token: "([^"]+)"')
        )
        self.tls = ssl.create_default_context(cafile=self.ca)
        self.tls.check_hostname = False

    def open(self, method, path, body=None, kind="application/json", seconds=20):
        headers = {"Authorization": f"Bearer {self.token}", "Content-Type": kind}
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.server + path, data=data, headers=headers, method=method)
        try:
            return urllib.request.urlopen(request, context=self.tls, timeout=seconds)
        except urllib.error.HTTPError as error:
            text = error.read().decode("utf-8", "replace")
            raise (NotFound if error.code == 404 else OSError)(f"{method} {path}: {error.code} {text[:400]}") from None

    def call(self, method, path, body=None, kind="application/json"):
        with self.open(method, path, body, kind) as answer:
            return json.load(answer)

    def get(self, path):
        return self.call("GET", path)

    def data(self, plural, name, namespace):
        """{key: bytes} of a ConfigMap or Secret."""
        found = self.get(f"/api/v1/namespaces/{namespace}/{plural}/{name}")
        if plural == "secrets":
            return {key: base64.b64decode(value) for key, value in (found.get("data") or {}).items()}
        text = {key: value.encode() for key, value in (found.get("data") or {}).items()}
        return text | {key: base64.b64decode(value) for key, value in (found.get("binaryData") or {}).items()}

    def account_token(self, namespace, account, seconds=86400):
        body = {"spec": {"expirationSeconds": seconds}}
        path = f"/api/v1/namespaces/{namespace}/serviceaccounts/{account}/token"
        return self.call("POST", path, body)["status"]["token"]

    def follow(self, path, changed, listed=lambda: None):
        """For ever: changed(type, object) for what is there and for each change; listed() after each complete list. Survives the apiserver's restarts."""
        known = {}
        while True:
            try:
                answer = self.get(path)
                now = {item["metadata"]["uid"]: item for item in answer["items"]}
                for uid in [uid for uid in known if uid not in now]:
                    changed("DELETED", known.pop(uid))
                for uid, item in now.items():
                    known[uid] = item
                    changed("ADDED", item)
                listed()
                version = answer["metadata"]["resourceVersion"]
                query = f"?watch=1&timeoutSeconds=300&resourceVersion={version}"
                with self.open("GET", path + query, seconds=330) as events:
                    for line in events:
                        event = json.loads(line)
                        if event["type"] == "ERROR":
                            break
                        item = event["object"]
                        if event["type"] == "DELETED":
                            known.pop(item["metadata"]["uid"], None)
                        else:
                            known[item["metadata"]["uid"]] = item
                        changed(event["type"], item)
            except (OSError, ValueError, NotFound) as error:
                log(f"{path}: {str(error)[:200]}; again in 0.5 s")
                time.sleep(0.5)

    def follow_in_thread(self, path, changed, listed=lambda: None):
        threading.Thread(target=self.follow, args=(path, changed, listed), daemon=True).start()
