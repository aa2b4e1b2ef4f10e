#!/usr/bin/env python3
"""A small kubelet for tests: the pods of all nodes really run, as processes of this machine (see pod_process.py), and their status is written back.

kwok plays the nodes and gives the addresses; this program does the rest: volumes, init containers, containers, restarts, readiness, graceful deletion,
activeDeadlineSeconds, pods that run to an end (Jobs, `helm test`). What an image would bring is said in a map, see read_map.
Not done: resource limits, liveness probes (a container that ends is started again), NetworkPolicies, image pulls.

  kubelet.py --kubeconfig FILE --map FILE.json --run FOLDER      ends with SIGTERM or with its parent, and stops what it started
"""

import argparse
import json
import os
import pathlib
import signal
import subprocess
import threading
import time
from datetime import datetime, timezone

from kube_api import Api, NotFound, log
from names import Names
from pod_files import PodFiles
from pod_process import Container, PodNetwork

STRATEGIC = "application/strategic-merge-patch+json"
RESTART_AFTER_SECONDS = 1


def read_map(path):
    """{"hosts": {name: address outside the cluster}, "images": {start of the image's name: what it brings}}, the longest start wins.

    path: folders before PATH; env; cwd; user: as the image's USER; command and args: for a container that gives none; append: further arguments;
    content: {target: source} files of the image; root: runs as root whatever the pod says; skip: counts as running, without a process.
    """
    with open(path, encoding="utf-8") as file:
        return json.load(file)


def now():
    return datetime.now(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")


class Pod:
    """The life of one pod, in a thread of its own."""

    def __init__(self, kubelet, pod):
        self.kubelet, self.api, self.pod = kubelet, kubelet.api, pod
        meta = pod["metadata"]
        self.path = f"/api/v1/namespaces/{meta['namespace']}/pods/{meta['name']}"
        self.label = f"{meta['namespace']}/{meta['name']}"
        self.folder = kubelet.run / "pods" / f"{meta['namespace']}_{meta['name']}_{meta['uid'][:8]}"
        self.hosts = self.folder / "hosts"
        self.ending, self.lock, self.containers, self.network = threading.Event(), threading.Lock(), {}, None
        self.states = {item["name"]: {"restarts": 0, "ready": False, "state": waiting("ContainerCreating")} for item in pod["spec"]["containers"]}
        self.files = PodFiles(self.api, pod, self.folder, kubelet.run / "claims")
        threading.Thread(target=self.live, daemon=True).start()

    def live(self):
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            every = [*self.pod["spec"].get("initContainers", []), *self.pod["spec"]["containers"]]
            needs_processes = any(not (self.image(item) or {}).get("skip") for item in every)
            if needs_processes:
                self.network = PodNetwork(self.pod["metadata"]["uid"], self.pod["status"]["podIP"])
                self.kubelet.names.add_pod(self.hosts, self.pod)
                self.volumes = self.until_there()
            deadline = self.pod["spec"].get("activeDeadlineSeconds")
            if deadline is not None:
                threading.Thread(target=self.enforce_deadline, args=(deadline,), daemon=True).start()
            if not self.ending.is_set() and self.initialised():
                self.report("Running", {"Initialized": "True", "Ready": "False", "ContainersReady": "False"})
                for container in self.pod["spec"]["containers"]:
                    threading.Thread(target=self.keep, args=(container,), daemon=True).start()
        except Exception as error:  # a fault of one pod must not end the others
            log(f"{self.label}: {type(error).__name__}: {error}")

    def until_there(self):
        """The volumes; tried again until ConfigMaps and Secrets are there, as the real kubelet does."""
        while not self.ending.is_set():
            try:
                return self.files.volumes()
            except (OSError, NotFound) as error:
                log(f"{self.label}: FailedMount: {error}")
                self.ending.wait(1)
        return {}

    def image(self, container):
        return self.kubelet.image(container["image"])

    def start(self, container):
        """A new run of the container, or None when the pod ends first or the image is not in the map."""
        while not self.ending.is_set():
            image = self.image(container)
            if image is None:
                self.set_state(container, False, waiting("ErrImagePull", f"{container['image']} is not in the map of kubelet.py"))
                self.ending.wait(5)
                continue
            try:
                environment = self.files.environment(container, image.get("env", {}), self.kubelet.names.service_links)
            except (OSError, NotFound) as error:
                self.set_state(container, False, waiting("CreateContainerConfigError", str(error)))
                self.ending.wait(1)
                continue
            environment["PATH"] = ":".join([*image.get("path", []), os.environ["PATH"]])
            with self.lock:
                if self.ending.is_set():
                    return None
                run = Container(self.pod, container, image, self.volumes, environment, self.network, self.folder, self.hosts)
                self.containers[container["name"]] = run
            log(f"{self.label}/{container['name']}: {' '.join(run.argv)[:100]}")
            return run
        return None

    def initialised(self):
        """Runs the init containers in order; False when the pod has ended meanwhile."""
        for container in self.pod["spec"].get("initContainers", []):
            while not (self.image(container) or {}).get("skip"):
                run = self.start(container)
                if run is None:
                    return False
                if container.get("restartPolicy") == "Always" or run.process.wait() == 0:
                    break
                log(f"{self.label}/{container['name']} (init) ended with {run.process.returncode}, see {run.log_file}")
                if self.pod["spec"].get("restartPolicy") == "Never":
                    self.report("Failed", {}, reason="Init:Error")
                    return False
                self.ending.wait(RESTART_AFTER_SECONDS)
        return not self.ending.is_set()

    def keep(self, container):
        try:
            self.keep_running(container)
        except Exception as error:
            log(f"{self.label}/{container['name']}: {type(error).__name__}: {error}")

    def keep_running(self, container):
        if (self.image(container) or {}).get("skip"):
            self.set_state(container, True, {"running": {"startedAt": now()}})
            return
        policy = self.pod["spec"].get("restartPolicy", "Always")
        while run := self.start(container):
            self.set_state(container, "readinessProbe" not in container, {"running": {"startedAt": now()}})
            watcher = threading.Thread(target=self.probe, args=(container, run), daemon=True)
            watcher.start()
            code = run.process.wait()
            if self.ending.is_set():
                return
            log(f"{self.label}/{container['name']} ended with {code}, see {run.log_file}")
            ended = {"terminated": {"exitCode": code & 255, "reason": "Error" if code else "Completed", "finishedAt": now()}}
            self.set_state(container, False, ended, restarts=1)
            if policy == "Never" or (policy == "OnFailure" and code == 0):
                return self.finish_when_all_have()
            self.ending.wait(RESTART_AFTER_SECONDS)

    def finish_when_all_have(self):
        with self.lock:
            ends = [state["state"].get("terminated") for state in self.states.values()]
        if all(ends):
            self.report("Failed" if any(end["exitCode"] for end in ends) else "Succeeded", {"Ready": "False", "ContainersReady": "False"})
            self.close()

    def probe(self, container, run):
        """Readiness, every periodSeconds (never slower than 1 s here), after failureThreshold failures not ready any more."""
        spec = container.get("readinessProbe")
        if not spec:
            return
        failures, every = 0, min(1, spec.get("periodSeconds", 1))
        while run.process.poll() is None and not self.ending.is_set():
            good = self.asked(spec, container, run)
            failures = 0 if good else failures + 1
            if good or failures >= spec.get("failureThreshold", 3):
                self.set_state(container, good, None)
            self.ending.wait(every if self.states[container["name"]]["ready"] else 0.2)

    def asked(self, spec, container, run):
        limit = str(spec.get("timeoutSeconds", 1))
        ports = {port.get("name"): port["containerPort"] for port in container.get("ports", [])}
        target = spec.get("httpGet") or spec.get("tcpSocket")
        if target:
            port = ports.get(target["port"], target["port"])
            scheme = target.get("scheme", "HTTP").lower() if "httpGet" in spec else "telnet"
            url = f"{scheme}://{self.pod['status']['podIP']}:{port}{target.get('path', '')}"
            if scheme == "telnet":
                command = ["bash", "-c", f"exec 3<>/dev/tcp/{self.pod['status']['podIP']}/{port}"]
            else:
                command = ["curl", "-skf", "-o", "/dev/null", "--max-time", limit, url]
        else:
            first = run.first_process()
            if first is None:
                return False
            environment = {**run.environment}
            command = ["nsenter", "-t", str(first), "-m", "-n", "-p", "-r", "-w", "env", "-i", *(f"{k}={v}" for k, v in environment.items())]
            command += spec["exec"]["command"]
        try:
            return subprocess.run(command, capture_output=True, timeout=float(limit) + 1).returncode == 0
        except subprocess.TimeoutExpired:
            return False

    def enforce_deadline(self, seconds):
        if self.ending.wait(seconds):
            return
        self.report("Failed", {"Ready": "False", "ContainersReady": "False"}, reason="DeadlineExceeded")
        self.end_processes(self.grace())
        self.close()

    def set_state(self, container, ready, state, restarts=0):
        """Writes back what has changed. state None: keep it."""
        with self.lock:
            known = self.states[container["name"]]
            changed = {"ready": ready, "state": state or known["state"], "restarts": known["restarts"] + restarts}
            if changed == known:
                return
            known |= changed
            ready_now = str(all(each["ready"] for each in self.states.values()))
        self.report(None, {"Ready": ready_now, "ContainersReady": ready_now})

    def report(self, phase, conditions, reason=None):
        if self.ending.is_set() and phase is None:
            return
        statuses = [
            {"name": item["name"], "image": item["image"], "imageID": item["image"], "restartCount": state["restarts"],
             "ready": state["ready"], "started": "running" in state["state"], "state": state["state"]}
            for item in self.pod["spec"]["containers"] for state in [self.states[item["name"]]]
        ]  # fmt: skip
        status = {
            "conditions": [{"type": kind, "status": value, "lastTransitionTime": now()} for kind, value in conditions.items()],
            "containerStatuses": statuses,
            **({"phase": phase} if phase else {}),
            **({"reason": reason} if reason else {}),
        }
        patch = {"metadata": {"uid": self.pod["metadata"]["uid"]}, "status": status}
        while not self.kubelet.stopping.is_set():
            try:
                return self.api.call("PATCH", f"{self.path}/status", patch, STRATEGIC)
            except NotFound:
                return None
            except OSError as error:  # the apiserver restarts; a conflict of uid is a pod of the same name that came after
                if " 409 " in str(error) or " 422 " in str(error):
                    return log(f"{self.label}: {error}")
                time.sleep(0.3)

    def grace(self):
        spec = self.pod["spec"].get("terminationGracePeriodSeconds", 30)
        return min(self.pod["metadata"].get("deletionGracePeriodSeconds", spec), 30)

    def end_processes(self, grace):
        self.ending.set()
        with self.lock:
            runs = list(self.containers.values())
        threads = [threading.Thread(target=run.stop, args=(grace,)) for run in runs]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    def close(self):
        network, self.network = self.network, None
        self.kubelet.names.remove_pod(self.hosts)
        if network:
            network.close()

    def delete(self, pod):
        """Asked to go: SIGTERM, time to drain, then the object itself goes."""
        self.pod["metadata"]["deletionGracePeriodSeconds"] = pod["metadata"].get("deletionGracePeriodSeconds", 30)
        self.end_processes(self.grace())
        self.close()
        self.kubelet.delete_object(pod)

    def gone(self):
        """The object has been taken away from under us."""
        self.end_processes(0)
        self.close()


def waiting(reason, message=""):
    return {"waiting": {"reason": reason, "message": message}}


class Kubelet:
    def __init__(self, kubeconfig, image_map, run):
        self.api, self.run, self.pods, self.stopping = Api(kubeconfig), pathlib.Path(run).resolve(), {}, threading.Event()
        self.images = sorted(image_map["images"].items(), key=lambda item: -len(item[0]))
        self.names = Names(self.api, image_map.get("hosts", {}))
        self.names.listed.wait()
        self.deleting = set()
        self.api.follow_in_thread("/api/v1/pods", self.changed)

    def image(self, name):
        return next((brings for start, brings in self.images if name.startswith(start)), None)

    def changed(self, kind, pod):
        uid = pod["metadata"]["uid"]
        known = self.pods.get(uid)
        if kind == "DELETED":
            self.deleting.discard(uid)
            if self.pods.pop(uid, None):
                threading.Thread(target=known.gone, daemon=True).start()
        elif pod["metadata"].get("deletionTimestamp"):
            if uid not in self.deleting and pod["spec"].get("nodeName"):
                self.deleting.add(uid)
                threading.Thread(target=known.delete if known else self.delete_object, args=(pod,), daemon=True).start()
        elif not known and pod["status"].get("podIP") and pod["status"].get("phase") in ("Pending", "Running"):
            self.pods[uid] = Pod(self, pod)

    def delete_object(self, pod):
        meta = pod["metadata"]
        body = {"kind": "DeleteOptions", "apiVersion": "v1", "gracePeriodSeconds": 0, "preconditions": {"uid": meta["uid"]}}
        while not self.stopping.is_set():
            try:
                return self.api.call("DELETE", f"/api/v1/namespaces/{meta['namespace']}/pods/{meta['name']}", body)
            except NotFound:
                return None
            except OSError as error:
                if " 409 " in str(error):
                    return None
                time.sleep(0.3)

    def stop(self):
        self.stopping.set()
        threads = [threading.Thread(target=pod.gone) for pod in list(self.pods.values())]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(10)


def main():
    parser = argparse.ArgumentParser()
    for name in ("--kubeconfig", "--map", "--run"):
        parser.add_argument(name, required=True)
    options = parser.parse_args()
    end, parent = threading.Event(), os.getppid()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: end.set())
    kubelet = Kubelet(options.kubeconfig, read_map(options.map), options.run)
    log("kubelet runs")
    while not end.wait(0.5) and os.getppid() == parent:
        pass
    kubelet.stop()


if __name__ == "__main__":
    main()
