"""Runs a pod's containers as processes: one network namespace for each pod, mount and process namespaces for each container."""

import contextlib
import os
import re
import shlex
import signal
import subprocess
import time

GATEWAY = "10.244.0.1"  # an address of the node, where the Services' addresses are local, too


class PodNetwork:
    """The pod's address on a pair of virtual cards; everything else goes by way of the node."""

    def __init__(self, uid, address):
        self.card = f"v{uid.replace('-', '')[:12]}"
        self.pause = subprocess.Popen(["unshare", "--net", "sleep", "infinity"], start_new_session=True)
        ours = os.readlink("/proc/self/ns/net")
        deadline = time.monotonic() + 10
        while os.readlink(f"/proc/{self.pause.pid}/ns/net") == ours:
            if time.monotonic() > deadline:
                raise OSError("the pod's network namespace was not made")
            time.sleep(0.005)
        self.path = f"/proc/{self.pause.pid}/ns/net"
        inside = (
            f"ip link set lo up; ip addr add {address}/32 dev eth0; ip link set eth0 up; "
            f"ip route add {GATEWAY} dev eth0 src {address}; ip route add default via {GATEWAY} src {address}"
        )
        run(f"ip link add {self.card} type veth peer name eth0 netns {self.pause.pid}")
        run(f"ip link set {self.card} up; ip route replace {address}/32 dev {self.card}")
        run(f"nsenter --net={self.path} sh -c {shlex.quote(inside)}")

    def close(self):
        subprocess.run(["ip", "link", "del", self.card], capture_output=True)
        self.pause.kill()
        self.pause.wait()


def run(script):
    result = subprocess.run(["sh", "-ec", script], capture_output=True, text=True)
    if result.returncode:
        raise OSError(f"{script}: {result.stderr.strip()}")


class Container:
    """One run of one container. `files` is where its layer, log and hosts file live."""

    def __init__(self, pod, container, image, volumes, environment, network, folder, hosts):
        self.log_file = folder / f"{container['name']}.log"
        security = {**pod["spec"].get("securityContext", {}), **container.get("securityContext", {})}
        layer = folder / container["name"]
        layer.mkdir(parents=True, exist_ok=True)
        expand = lambda text: re.sub(r"\$\((\w+)\)", lambda match: environment.get(match[1], match[0]), text)  # noqa: E731
        argv = [*map(expand, container.get("command") or image.get("command", []))]
        argv += [*map(expand, container.get("args") or ([] if container.get("command") else image.get("args", []))), *image.get("append", [])]
        cwd = container.get("workingDir") or image.get("cwd") or "/"
        script = [*layer_script(layer, hosts, image), *mount_script(container, volumes, expand), f"mkdir -p r{shlex.quote(cwd)}"]
        if security.get("readOnlyRootFilesystem"):
            script += ["mount -o remount,ro r", *(f"mount -o remount,ro r/{name}" for name in ("tmp", "run") if f"/{name}" not in mounted_at(container))]
        inner = f"cd {shlex.quote(cwd)} && exec {shlex.join([*privileges(pod, security, image), *argv])}"
        script.append(f"exec chroot r /bin/sh -c {shlex.quote(inner)}")
        shell = ["nsenter", f"--net={network.path}", "unshare", "--mount", "--propagation", "private", "--pid", "--fork", "--kill-child=KILL"]
        with open(self.log_file, "ab") as out:
            self.process = subprocess.Popen(
                [*shell, "sh", "-c", "\n".join(script)],
                env=environment, stdin=subprocess.DEVNULL, stdout=out, stderr=out, start_new_session=True,
            )  # fmt: skip
        self.argv, self.environment = argv, environment

    def first_process(self):
        """Process 1 of the container, as it is numbered here; None while it is being made or after its end."""
        with contextlib.suppress(OSError, ValueError):
            with open(f"/proc/{self.process.pid}/task/{self.process.pid}/children", encoding="ascii") as file:
                return int(file.read().split()[0])
        return None

    def stop(self, seconds):
        """SIGTERM to process 1, after `seconds` SIGKILL to all."""
        first = self.first_process() if self.process.poll() is None else None
        if first:
            with contextlib.suppress(ProcessLookupError):
                os.kill(first, signal.SIGTERM)
        try:
            self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            self.process.kill()  # unshare: the kernel then ends the whole process namespace
            self.process.wait()


def layer_script(layer, hosts, image):
    """A private writable layer over this machine's files, with what the image would bring bound in."""
    place = shlex.quote(str(layer))
    lines = [
        "set -e",
        f"mount -t tmpfs tmpfs {place}; cd {place}; mkdir u w r",
        "mount -t overlay overlay -o lowerdir=/,upperdir=u,workdir=w r",
        "mount -t proc proc r/proc; mount --rbind /dev r/dev; mount --rbind /sys r/sys",
        "mount -t tmpfs tmpfs r/run; mount -t tmpfs tmpfs r/tmp; chmod 1777 r/tmp; mkdir -p r/run/lock",
        f"mount --bind {shlex.quote(str(hosts))} r/etc/hosts",
        # Names are in /etc/hosts; a question to the machine's name server would wait 5 s for an answer that cannot come.
        "rm -f r/etc/resolv.conf; echo nameserver 127.0.0.1 >r/etc/resolv.conf",
    ]
    for target, source in image.get("content", {}).items():
        make = "mkdir -p" if os.path.isdir(source) else "touch"
        lines.append(f"{make} r{shlex.quote(target)}; mount --rbind {shlex.quote(source)} r{shlex.quote(target)}")
    return lines


def mounted_at(container):
    return {mount["mountPath"].rstrip("/") for mount in container.get("volumeMounts", [])}


def mount_script(container, volumes, expand):
    """Outer mounts first. /var/run is an absolute link on Debian and would lead out of the layer: /run is meant."""
    for mount in sorted(container.get("volumeMounts", []), key=lambda mount: mount["mountPath"]):
        source = volumes[mount["name"]] / expand(mount.get("subPathExpr") or mount.get("subPath") or "")
        if not source.exists():
            source.mkdir(parents=True)
            source.chmod(0o777)
        target = "r" + re.sub("^/var/run/", "/run/", mount["mountPath"].rstrip("/"))
        make = "touch" if source.is_file() else "mkdir -p"
        read_only = f"; mount -o remount,bind,ro {shlex.quote(target)}" if mount.get("readOnly") else ""
        yield (
            f"mkdir -p {shlex.quote(os.path.dirname(target))}; [ -e {shlex.quote(target)} ] || {make} {shlex.quote(target)}; "
            f"mount --bind {shlex.quote(str(source))} {shlex.quote(target)}{read_only}"
        )


def privileges(pod, security, image):
    """setpriv with the user and groups of the security contexts; nothing for images that must be root here (their programs live in root's folders)."""
    user = security.get("runAsUser", image.get("user"))
    if image.get("root") or not user:
        return []
    group = security.get("runAsGroup", user)
    more = [pod["spec"].get("securityContext", {}).get("fsGroup"), *security.get("supplementalGroups", [])]
    groups = [str(item) for item in more if item is not None]
    chosen = [f"--groups={','.join(groups)}"] if groups else ["--clear-groups"]
    return ["setpriv", f"--reuid={user}", f"--regid={group}", *chosen, "--inh-caps=-all", "--no-new-privs"]
