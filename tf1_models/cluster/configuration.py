"""TF_CONFIG: who is in the cluster and which member this process is. Checked before TensorFlow is imported."""

from __future__ import annotations

import json
import os
from typing import Any, Dict, List, Mapping, NamedTuple, Tuple

from tf1_models.errors import UsageError

JOBS = ("chief", "worker", "ps")
EXAMPLE = (
    '{"cluster": {"chief": ["10.0.0.1:2222"], "worker": ["10.0.0.2:2222"], "ps": ["10.0.0.4:2222"]}, '
    '"task": {"type": "worker", "index": 0}}'
)


class Member(NamedTuple):
    """One process of the cluster: its job, its place in the job and `host:port`."""

    job: str
    number: int
    address: str

    @property
    def key(self) -> str:
        """A name for variables and notes, e.g. `worker_1`."""
        return f"{self.job}_{self.number}"

    @property
    def name(self) -> str:
        """For people: `chief` (there is one), `worker 1`, `ps 0`."""
        return self.job if self.job == "chief" else f"{self.job} {self.number}"

    @property
    def label(self) -> str:
        """For people, with the address."""
        return f"{self.name} ({self.address})"

    @property
    def how_to_start(self) -> str:
        """What to do when it is missing."""
        task = f'{{"type": "{self.job}", "index": {self.number}}}'
        return f"start it with TF_CONFIG task {task} and the same command"

    @property
    def device(self) -> str:
        """TensorFlow's name of the process."""
        return f"/job:{self.job}/task:{self.number}"

    def host_and_port(self) -> Tuple[str, int]:
        """The address, split; an IPv6 host comes without its brackets."""
        host, _, port = self.address.rpartition(":")
        return host.strip("[]"), int(port)


class Cluster(NamedTuple):
    """The whole cluster as every member sees it.

    Attributes:
        members: Chief, workers, parameter servers.
        me: This process.
        timeout_s: Seconds without an answer after which a member counts as missing.
    """

    members: Tuple[Member, ...]
    me: Member
    timeout_s: float

    def of(self, job: str) -> Tuple[Member, ...]:
        """Members of one job, by index."""
        return tuple(member for member in self.members if member.job == job)

    @property
    def chief(self) -> Member:
        """The member that drives, saves and evaluates."""
        return self.members[0]

    @property
    def computing(self) -> Tuple[Member, ...]:
        """The members that take a slice of each batch: the chief first, then the workers."""
        return self.of("chief") + self.of("worker")

    def addresses(self) -> Dict[str, List[str]]:
        """What `tf.train.ClusterSpec` takes."""
        return {job: [m.address for m in self.of(job)] for job in JOBS if self.of(job)}

    def shape(self) -> Dict[str, int]:
        """For run.json: how many members compute (chief included) and how many hold the variables."""
        return {"computing": len(self.computing), "ps": len(self.of("ps"))}


def read(timeout_s: float, environment: Mapping[str, str] = os.environ) -> Cluster:
    """The cluster that TF_CONFIG describes.

    Args:
        timeout_s: See `Cluster`.
        environment: Where TF_CONFIG is looked up.

    Raises:
        UsageError: TF_CONFIG is not set, or is not a cluster that can train.
    """
    text = environment.get("TF_CONFIG", "").strip()
    if not text:
        raise UsageError(f"--cluster needs the environment variable TF_CONFIG, e.g. TF_CONFIG='{EXAMPLE}'")
    try:
        document = json.loads(text)
    except ValueError as error:
        raise _wrong(f"is not JSON ({error})") from None
    if not isinstance(document, dict) or not isinstance(document.get("cluster"), dict):
        raise _wrong('has no object "cluster"')
    members: List[Member] = []
    unknown = [job for job in document["cluster"] if job not in JOBS]
    if unknown:
        raise _wrong(f"names the job {unknown[0]!r}; allowed: {', '.join(JOBS)}")
    for job in JOBS:
        members += _members(job, document["cluster"].get(job, []))
    for job, least in (("chief", "exactly one"), ("ps", "one or more")):
        count = sum(member.job == job for member in members)
        if count == 0 or (job == "chief" and count > 1):
            raise _wrong(f"has {count} addresses under {job!r}; needed: {least}")
    seen: Dict[str, Member] = {}
    for member in members:
        if member.address in seen:
            raise _wrong(f"gives {member.address} to {seen[member.address].name} and {member.name}; one address each")
        seen[member.address] = member
    return Cluster(tuple(members), _task(document.get("task"), members), timeout_s)


def _members(job: str, addresses: Any) -> List[Member]:
    if not isinstance(addresses, list):
        raise _wrong(f"has no list of addresses under {job!r}")
    for address in addresses:
        host, _, port = address.rpartition(":") if isinstance(address, str) else ("", "", "")
        plain = host and not any(c.isspace() or c in "/,@" for c in host) and port.isdigit() and port.isascii()
        if not plain or not 1 <= int(port) <= 65535:
            raise _wrong(f"gives {address!r} under {job!r}; an address is host:port, e.g. 10.0.0.2:2222")
    return [Member(job, index, address) for index, address in enumerate(addresses)]


def _task(task: Any, members: List[Member]) -> Member:
    if not isinstance(task, dict):
        raise _wrong('has no object "task"')
    job, index = task.get("type"), task.get("index", 0)
    if isinstance(index, str) and index.isdigit():  # some launchers write "0"
        index = int(index)
    for member in members:
        if (member.job, member.number) == (job, index) and not isinstance(index, bool):
            return member
    known = ", ".join(member.name for member in members)
    raise _wrong(f"says this process is {job} {index}, which its cluster does not hold; there are: {known}")


def _wrong(what: str) -> UsageError:
    return UsageError(f"TF_CONFIG {what}; it should look like {EXAMPLE}")
