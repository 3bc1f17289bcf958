"""This process' gRPC server, and sessions that see no more of the cluster than they need."""

from __future__ import annotations

import os
import threading
import time
from typing import Any, List, Optional

from tf1_models.cluster import listening
from tf1_models.cluster.configuration import Cluster
from tf1_models.errors import MachineError, tensorflow_words
from tf1_models.output.progress import Log
from tf1_models.session import tensorflow_setup

# What a peer's death, restart or absence looks like; anything else is no matter of the network.
NETWORK_ERRORS = (
    "UnavailableError",
    "AbortedError",
    "DeadlineExceededError",
    "CancelledError",
    "InternalError",
    "FailedPreconditionError",
    "NotFoundError",
    "UnknownError",
    "DataLossError",
)


CLOSE_S = 2.0  # how long the end waits for sessions that may never close


def is_network_error(error: BaseException) -> bool:
    """Whether a TensorFlow error can come from a member that is gone, new or cut off."""
    return type(error).__name__ in NETWORK_ERRORS


def import_tensorflow(show_log: bool) -> Any:
    """As `tensorflow_setup.import_tensorflow`; TensorFlow's and gRPC's own lines about lost peers stay away too.

    The kit says in its own words which member is missing; the runtime would add a screenful for each retry.
    """
    if not show_log:
        os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
        os.environ.setdefault("GRPC_VERBOSITY", "NONE")
    return tensorflow_setup.import_tensorflow(quiet=not show_log)


class Server:
    """TensorFlow's server of this member; it ends with its process (it knows no other end).

    Attributes:
        tf: The TensorFlow v1 module.
        cluster: All members.
        spec: `tf.train.ClusterSpec`.
        threads: Threads TensorFlow may use; None: the usable processors.
    """

    def __init__(self, tf: Any, cluster: Cluster, threads: Optional[int], show_log: bool, log: Log) -> None:
        """Starts listening.

        Raises:
            MachineError: the address is not of this machine, or the port is taken.
        """
        self.tf, self.cluster, self.threads = tf, cluster, threads
        self._sessions: List[Any] = []
        self.spec = tf.train.ClusterSpec(cluster.addresses())
        ips = listening.check_own(cluster.me)
        config = tensorflow_setup.session_config(tf, threads)
        if cluster.me.job == "ps":
            config.device_count["GPU"] = 0  # it holds variables; the memory of a card is the workers'
        try:
            with tensorflow_setup.quiet_stderr(not show_log):
                self._server = tf.train.Server(
                    self.spec, job_name=cluster.me.job, task_index=cluster.me.number, config=config
                )
        except tf.errors.OpError as error:
            raise MachineError(
                f"{cluster.me.label} cannot start its server ({tensorflow_words(error)}); is the port taken on another "
                "address of this machine?"
            ) from error
        if not listening.answer_only_on(ips, cluster.me.host_and_port()[1]):
            log.line(f"{cluster.me.label} answers on every address of this machine: this kernel has no socket filters")

    def session(self, graph: Any) -> Any:
        """A session on this server that sees this member and the parameter servers only.

        Without the filter every session would wait for every member, and notice every worker's death.
        """
        config = tensorflow_setup.session_config(self.tf, self.threads)
        del config.device_filters[:]
        config.device_filters.extend(["/job:ps", self.cluster.me.device])
        session = self.tf.Session(self._server.target, graph=graph, config=config)
        self._sessions.append(session)
        return session

    def close_aside(self, session: Any) -> Any:
        """Closes a session where nobody waits for it: against a dead peer that can block for ever.

        The thread keeps the session, so that no destructor, which closes too, runs in another one meanwhile.
        """
        if session in self._sessions:
            self._sessions.remove(session)
        thread = threading.Thread(target=session.close, name="close", daemon=True)
        thread.start()
        return thread

    def close(self) -> None:
        """Closes the sessions and lets go of the server object.

        1.15's server prints a traceback when it is the interpreter's exit that destroys it.
        """
        threads = [self.close_aside(session) for session in list(self._sessions)]
        deadline = time.monotonic() + CLOSE_S
        for thread in threads:
            thread.join(max(deadline - time.monotonic(), 0.0))
        self._server = None
