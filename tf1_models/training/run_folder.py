"""A run's folder: its name, its lock, run.json first, metrics.jsonl by epoch, result.json last."""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import json
import os
import socket
import subprocess
from typing import Any, Dict, List, Optional, Sequence

import tf1_models
from tf1_models import spec
from tf1_models.checkpoints.saving import remove_uncommitted
from tf1_models.errors import InputError, MachineError
from tf1_models.storage.files import fsync_folder, make_folders, sha256_file, to_json, writing, writing_output
from tf1_models.storage.reading import open_regular
from tf1_models.storage.sealed import read_sealed, write_sealed

# What makes two starts one run; run.json and every manifest hold these.
_CONFIG_KEYS = ("report", "run", "seed", "data_digest", "split_hash", "identity")
MAX_METRICS_BYTES = 256 << 20  # half a million epochs


def config_id(experiment: spec.Experiment, data_digest: str) -> str:
    """8 hex digits that name a configuration: every resolved setting and the data digest, but not the seed."""
    body = to_json({"settings": spec.identity(experiment), "data_digest": data_digest}, indent=None)
    return hashlib.sha256(body.encode("utf-8")).hexdigest()[:8]


def folder_path(root: str, experiment: spec.Experiment, data_name: str, data_digest: str) -> str:
    """`<root>/<report>/<run>/<data>-<id8>-seed<N>`; `root` itself when it is a run folder (holds a run.json)."""
    if os.path.isfile(os.path.join(root, "run.json")):
        return root
    name = f"{data_name}-{config_id(experiment, data_digest)}-seed{experiment.seed}"
    return os.path.join(root, experiment.report, experiment.run, name)


class RunFolder:
    """An open, locked run folder.

    Attributes:
        path: The folder.
        metrics: Lines of metrics.jsonl so far.
    """

    def __init__(self, path: str) -> None:
        """Makes the folder and takes its lock.

        Raises:
            InputError: TensorFlow reads the path otherwise, or another process trains in it.
            MachineError: it cannot be written.
        """
        self.path = path
        self.metrics: List[Dict[str, Any]] = []
        # of metrics.jsonl so far: reading it again for every manifest would cost a long run epochs times epochs
        self._metrics_sha256, self._metrics_size = hashlib.sha256(), 0
        odd = next((word for word in ("://", "*", "?", "[", "\\") if word in path), None)
        if odd is not None:  # a checkpoint saved there would be found neither to resume nor to evaluate
            raise InputError(
                f"run folder {path!r} holds {odd!r}, which TensorFlow reads as a pattern or another file "
                "system; choose a path without * ? [ \\ and :// with --out"
            )
        with writing_output(path):
            make_folders(path)
            self._lock = open(self.file("lock"), "a+")  # held until close()
            self._open: List[Any] = [self._lock]
        self._take_lock()

    def _take_lock(self) -> None:
        # flock ends with its process, however it dies: a lock file left by a kill is stale by itself
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            self._lock.seek(0)
            holder = self._lock.read(200).strip() or "another process"
            raise InputError(f"run folder is in use by {holder}; wait for it or choose another --out") from None
        try:
            with writing("lock"):
                self._lock.truncate(0)
                self._lock.write(f"process {os.getpid()} on {socket.gethostname()}")
                self._lock.flush()
        except MachineError:
            self.close()
            raise

    def file(self, name: str) -> str:
        """Path of a file in the folder."""
        return os.path.join(self.path, name)

    def close(self) -> None:
        """Ends the event file and gives the lock back."""
        for stream in self._open:
            with contextlib.suppress(Exception):  # a full disk, which its writer told; it is closed all the same
                stream.close()

    def is_finished(self) -> bool:
        """Whether result.json is there: it is written last."""
        return os.path.isfile(self.file("result.json"))

    def result(self) -> Dict[str, Any]:
        """The sealed result of a finished run.

        Raises:
            InputError: result.json, or result.npy beside it, is damaged.
        """
        result = read_sealed(self.file("result.json"))
        for name, record in result["files"].items():
            if not os.path.isfile(self.file(name)) or sha256_file(self.file(name)) != record["sha256"]:
                raise InputError(f"{name} is missing or damaged; --fresh trains the run again")
        return result

    def check_same(self, record: Dict[str, Any]) -> bool:
        """Whether run.json is there; it must then be of this configuration.

        Args:
            record: The run.json that this configuration would write.

        Raises:
            InputError: the folder holds another configuration, seed or data set.
        """
        if not os.path.exists(self.file("run.json")):
            return False
        old = read_sealed(self.file("run.json"))
        for key in _CONFIG_KEYS:
            if old.get(key) != record[key]:
                raise InputError(
                    f"{self.path} is the run folder of another configuration ({_difference(key, old, record)}); "
                    "choose another --out"
                )
        return True

    def clear(self) -> None:
        """Removes everything that a run wrote here, result first (`--fresh`)."""
        names = sorted(os.listdir(self.path), key=lambda name: (name != "result.json", name))
        with writing(self.path):
            for name in names:
                if name != "lock" and os.path.isfile(self.file(name)):
                    os.unlink(self.file(name))
            fsync_folder(self.path)

    def write_run(self, record: Dict[str, Any]) -> None:
        """Writes run.json (sealed)."""
        with writing("run.json"):
            write_sealed(self.file("run.json"), record)

    def append_metrics(self, line: Dict[str, Any]) -> None:
        """Appends one epoch's line to metrics.jsonl and syncs it; the next checkpoint's manifest vouches for it."""
        content = (to_json(line, indent=None) + "\n").encode("utf-8")
        with writing("metrics.jsonl"), open(self.file("metrics.jsonl"), "ab", buffering=0) as stream:
            if stream.write(content) != len(content):  # the next start cuts half a line off
                raise OSError("No space left on device: half a line was written")
            os.fsync(stream.fileno())
        self.metrics.append(line)
        self._metrics_sha256.update(content)
        self._metrics_size += len(content)

    def metrics_record(self) -> Dict[str, Any]:
        """Size and SHA-256 of metrics.jsonl as this process wrote or checked it, for a manifest."""
        return {"size": self._metrics_size, "sha256": self._metrics_sha256.hexdigest()}

    def _metrics_bytes(self) -> bytes:
        if not os.path.lexists(self.file("metrics.jsonl")):
            return b""
        stream, size = open_regular(self.file("metrics.jsonl"), MAX_METRICS_BYTES)
        with stream:
            return stream.read(size)

    def rewind_metrics(self, record: Optional[Dict[str, Any]]) -> None:
        """Cuts metrics.jsonl back to what a restored manifest vouches for, so that no epoch is logged twice.

        Args:
            record: The manifest's `metrics`; None for an unstarted run.

        Raises:
            InputError: the file is shorter than recorded, or those bytes changed.
        """
        content = self._metrics_bytes()
        if record is None and content:
            raise InputError("no checkpoint is left beside metrics.jsonl; --fresh starts the run anew")
        size = record["size"] if record else 0
        if len(content) < size or (record and hashlib.sha256(content[:size]).hexdigest() != record["sha256"]):
            raise InputError("metrics.jsonl is damaged: it does not match the checkpoint; --fresh starts the run anew")
        if len(content) > size:
            with writing("metrics.jsonl"), open(self.file("metrics.jsonl"), "r+b") as stream:
                stream.truncate(size)
                os.fsync(stream.fileno())
        self._metrics_sha256, self._metrics_size = hashlib.sha256(content[:size]), size
        self.metrics = [json.loads(line) for line in content[:size].decode("utf-8").splitlines()]

    def note_start(self, record: Dict[str, Any], runtime: Dict[str, Any], command: Sequence[str], log: Any) -> None:
        """Writes run.json at the first start; at a later one notes the start, and says when bits may now differ."""
        start = {
            "command": list(command),
            "working_folder": os.getcwd(),
            "git_commit": git_commit(),
            "runtime": runtime,
        }
        if not self.check_same(record):
            self.write_run({**record, "starts": [start]})
            return
        old = read_sealed(self.file("run.json"))
        before = old["starts"][-1]["runtime"]
        changed = [key for key in runtime if before.get(key) != runtime[key]]
        if changed:
            what = ", ".join(f"{key} was {before.get(key)}, is {runtime[key]}" for key in changed)
            log.line(f"continuing, but not bit for bit as an undisturbed run would: {what}")
        old["starts"].append(start)
        self.write_run(old)

    @staticmethod
    def config_record(record: Dict[str, Any]) -> Dict[str, Any]:
        """What a manifest repeats of run.json, so that a checkpoint copied into another run is noticed."""
        return {key: record[key] for key in _CONFIG_KEYS}

    def check_config(self, manifest: Dict[str, Any], record: Dict[str, Any]) -> None:
        """Raises InputError unless a manifest was written by this run's configuration."""
        if manifest.get("config") != self.config_record(record):
            raise InputError(f"ckpt-{manifest['step']} belongs to another run; remove it or start anew with --fresh")

    def events(self, tf: Any, step: int) -> Any:
        """A TensorBoard writer; scalars after `step` of an earlier start are declared void."""
        with tf.Graph().as_default():
            writer = tf.summary.FileWriter(self.path)
        self._open.insert(0, writer)
        writer.add_session_log(tf.SessionLog(status=tf.SessionLog.START), step)
        return writer

    def sweep(self) -> None:
        """Removes what an earlier kill left half-written."""
        remove_uncommitted(self.path)


def _difference(key: str, old: Dict[str, Any], new: Dict[str, Any]) -> str:
    if key != "identity":
        return f"{key} {old.get(key)!r} there, {new[key]!r} now"
    before, now = old.get("settings") or {}, new["settings"]
    changed = [name for name in now if before.get(name) != now[name]] or ["identity"]
    return "; ".join(f"{name} {before.get(name)!r} there, {now.get(name)!r} now" for name in changed[:3])


def git_commit() -> Optional[str]:
    """Commit of the checkout that the kit runs from, with "+" when it has changes; None outside one."""
    folder = os.path.dirname(os.path.dirname(os.path.abspath(tf1_models.__file__)))
    if not os.path.exists(os.path.join(folder, ".git")):  # a folder, or a file in a linked worktree
        return None
    try:
        out = subprocess.run(
            ["git", "-C", folder, "describe", "--always", "--abbrev=40", "--dirty=+", "--match="],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            timeout=10,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return out.stdout.decode("ascii", "replace").strip() or None
