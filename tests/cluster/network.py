"""Hosts of our own: network namespaces joined by veth pairs and a bridge, made and removed by root with `ip`.

The bridge lives in a namespace too, so that nothing of this machine's network is touched. Every host has one interface
`lan0` with an address in 10.77.0.0/24 and knows no other network.
"""

from __future__ import annotations

import os
import subprocess
from typing import Any, Dict, List, NamedTuple, Tuple

PORT = 2222


class Traffic(NamedTuple):
    """Bytes that passed a host's interface, Ethernet headers included."""

    received: int
    sent: int


def _ip(*words: str) -> None:
    subprocess.run(["ip", *words], check=True)


class Network:
    """Hosts for the members of a cluster; a context manager that leaves no namespace behind.

    Args:
        counts: Members by job, e.g. {"chief": 1, "worker": 2, "ps": 1}.
    """

    def __init__(self, counts: Dict[str, int]) -> None:
        self._prefix = f"kit{os.getpid()}"
        self._switch = f"{self._prefix}-switch"
        self.hosts: List[Tuple[str, int]] = [(job, index) for job, count in counts.items() for index in range(count)]

    def __enter__(self) -> "Network":
        try:
            _ip("netns", "add", self._switch)
            _ip("-n", self._switch, "link", "add", "bridge0", "type", "bridge")
            _ip("-n", self._switch, "link", "set", "bridge0", "up")
            for job, index in self.hosts:
                host, port = self.namespace(job, index), self._port(job, index)
                _ip("netns", "add", host)
                _ip("-n", host, "link", "add", "lan0", "type", "veth", "peer", "name", port, "netns", self._switch)
                _ip("-n", self._switch, "link", "set", port, "master", "bridge0", "up")
                _ip("-n", host, "address", "add", f"{self.address(job, index)}/24", "dev", "lan0")
                for device in ("lan0", "lo"):
                    _ip("-n", host, "link", "set", device, "up")
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *exc: Any) -> None:
        for name in [*(self.namespace(*host) for host in self.hosts), self._switch]:
            subprocess.run(["ip", "netns", "delete", name], stderr=subprocess.DEVNULL)

    def namespace(self, job: str, index: int = 0) -> str:
        """Name of a host's namespace."""
        return f"{self._prefix}-{job}{index}"

    def _port(self, job: str, index: int) -> str:
        return f"to-{job}{index}"

    def address(self, job: str, index: int = 0) -> str:
        """A host's IPv4 address."""
        return f"10.77.0.{1 + self.hosts.index((job, index))}"

    def jobs(self) -> Dict[str, List[str]]:
        """The `cluster` object of TF_CONFIG."""
        found: Dict[str, List[str]] = {}
        for job, index in self.hosts:
            found.setdefault(job, []).append(f"{self.address(job, index)}:{PORT}")
        return found

    def cut(self, job: str, index: int = 0) -> None:
        """Pulls a host's cable at the switch: nobody is told, packets vanish."""
        _ip("-n", self._switch, "link", "set", self._port(job, index), "down")

    def join(self, job: str, index: int = 0) -> None:
        """Plugs it in again."""
        _ip("-n", self._switch, "link", "set", self._port(job, index), "up")

    def traffic(self, job: str, index: int = 0) -> Traffic:
        """What a host has received and sent so far."""
        words = ["ip", "netns", "exec", self.namespace(job, index), "cat", "/proc/net/dev"]
        text = subprocess.run(words, check=True, stdout=subprocess.PIPE).stdout.decode("ascii")
        (line,) = [row for row in text.splitlines() if row.strip().startswith("lan0:")]
        figures = line.split(":")[1].split()
        return Traffic(int(figures[0]), int(figures[8]))
