"""A parameter server: holds variables and waits for the chief's word that training has ended.

`Server.join()` would never return; this looks at the board instead.
"""

from __future__ import annotations

import time

from tf1_models.cluster.board import Board
from tf1_models.cluster.ending import Ended, ended, wait_until_left
from tf1_models.cluster.server import Server
from tf1_models.errors import Interrupted, MachineError
from tf1_models.output.progress import Log
from tf1_models.training.interrupts import InterruptFlag

LOOK_EVERY_S = 0.25


def serve(server: Server, board: Board, log: Log) -> Ended:
    """Serves until the chief ends the training.

    Returns:
        How the chief ended it.

    Raises:
        MachineError: the chief (or the board's parameter server) is missing.
        Interrupted: a signal arrived here.
    """
    cluster = server.cluster
    home = cluster.of("ps")[0]
    if cluster.me == home:
        board.make()
    log.line(f"{cluster.me.label} serves {len(cluster.computing)} computing members")
    with InterruptFlag() as interrupt:
        while True:
            view = board.look()
            end = None if view is None else ended(cluster, view)
            if end is not None:
                if cluster.me == home:  # the board goes with this process: last one out
                    wait_until_left(board, [m for m in cluster.members if m != home])
                return end
            if interrupt.raised:
                raise Interrupted(
                    f"{interrupt.raised}: {cluster.me.name} left, and its variables with it; started again within "
                    f"{cluster.timeout_s:.0f} s the run continues from its last checkpoint"
                )
            missing = board.missing([home, cluster.chief], cluster.timeout_s)
            if missing:
                raise MachineError(board.words(missing[0]))
            time.sleep(LOOK_EVERY_S)
