"""The pieces of a cluster that need no cluster: slices, guarded calls, the listening filter, rows of random masks."""

from __future__ import annotations

import socket
import threading
import time
from typing import Any

import numpy as np
import pytest

from tests.cluster.local_cluster import free_ports
from tf1_models.cluster import listening
from tf1_models.cluster.calls import Caller, TimedOut
from tf1_models.cluster.configuration import Member
from tf1_models.cluster.slices import slice_of
from tf1_models.errors import MachineError


@pytest.mark.parametrize("rows", [1, 2, 3, 7, 128])
@pytest.mark.parametrize("members", [1, 2, 3, 5])
def test_slices_cover_the_batch_once_and_weigh_one(rows: int, members: int) -> None:
    parts = [slice_of(rows, members, member) for member in range(members)]
    covered = [row for part in parts if part.weight for row in range(part.start, part.stop)]
    assert covered == list(range(rows))
    assert sum(part.weight for part in parts) == pytest.approx(1.0, abs=1e-15)
    assert all(part.stop > part.start for part in parts) and parts[0].weight > 0
    values = np.random.RandomState(rows).rand(rows)
    assert sum(values[p.start : p.stop].mean() * p.weight for p in parts) == pytest.approx(values.mean(), rel=1e-12)


def test_a_call_that_never_returns_is_left_behind() -> None:
    caller, never = Caller("test"), threading.Event()
    began = time.monotonic()
    with pytest.raises(TimedOut):
        caller.call(never.wait, 0.3)
    assert time.monotonic() - began < 5
    assert caller.call(lambda: 7, 5.0) == 7  # in a new thread

    def stop() -> None:
        raise MachineError("gone")

    with pytest.raises(MachineError, match="gone"):
        caller.call(never.wait, 60.0, stop)
    with pytest.raises(ZeroDivisionError):
        caller.call(lambda: 1 // 0, 5.0)
    never.set()


def connects(host: str, port: int) -> bool:
    try:
        socket.create_connection((host, port), timeout=0.5).close()
        return True
    except OSError:
        return False


def test_a_listening_socket_is_deaf_on_other_addresses() -> None:
    with socket.socket() as listener:
        listener.bind(("0.0.0.0", 0))  # as TensorFlow's server does
        listener.listen(8)
        port = listener.getsockname()[1]
        assert connects("127.0.0.1", port) and connects("127.0.0.2", port)
        assert listening.answer_only_on(["127.0.0.2"], port)
        assert connects("127.0.0.2", port) and not connects("127.0.0.1", port)
        assert listening.answer_only_on(["fe80::1", "::1", "127.0.0.1", "127.0.0.3"], port)
        assert connects("127.0.0.1", port) and connects("127.0.0.3", port) and not connects("127.0.0.2", port)
    assert not listening.answer_only_on(["127.0.0.1"], port)  # nothing listens there any more


def test_a_listening_socket_for_ipv6() -> None:
    with socket.socket(socket.AF_INET6) as listener:
        try:
            listener.bind(("::", 0))
        except OSError:
            pytest.skip("no IPv6 here")
        listener.listen(8)
        port = listener.getsockname()[1]
        if not connects("::1", port):
            pytest.skip("no IPv6 here")
        assert listening.answer_only_on(["fe80::2", "::2"], port) and not connects("::1", port)
        assert listening.answer_only_on(["fe80::2", "::1"], port) and connects("::1", port)
        assert not connects("127.0.0.1", port)


def test_the_address_must_be_free_and_of_this_machine() -> None:
    (port,) = free_ports(1)
    member = Member("worker", 1, f"127.0.0.1:{port}")
    assert listening.check_own(member) == ["127.0.0.1"]
    with socket.socket() as listener:
        listener.bind(("0.0.0.0", port))
        listener.listen(1)
        with pytest.raises(MachineError, match="worker 1 .* cannot listen there .*end what uses the port"):
            listening.check_own(member)
    with pytest.raises(MachineError, match="not an address of this machine: start worker 1 on its own machine"):
        listening.check_own(Member("worker", 1, "192.0.2.77:2222"))
    with pytest.raises(MachineError, match="does not resolve"):
        listening.check_own(Member("worker", 1, "no-such-host.invalid:2222"))


@pytest.mark.tf
def test_rows_of_a_mask_are_those_of_the_whole_batch(tf: Any) -> None:
    from tf1_models.graphs.parts.random_ops import BatchRows, dropout

    with tf.Graph().as_default(), tf.Session() as session:
        x = tf.placeholder(tf.float32, [None, 5, 3])
        first, batch = tf.placeholder(tf.int32, []), tf.placeholder(tf.int32, [])
        whole = dropout(x, 0.5, "layer", 3, tf.constant(9, tf.int64))
        rows = dropout(x, 0.5, "layer", 3, BatchRows(tf.constant(9, tf.int64), first, batch))
        ones = np.ones((11, 5, 3), np.float32)
        expected = session.run(whole, {x: ones})
        for start, stop in ((0, 4), (4, 8), (8, 11)):
            found = session.run(rows, {x: ones[start:stop], first: start, batch: 11})
            assert np.array_equal(found, expected[start:stop])
        assert 0.2 < np.mean(expected == 0) < 0.8
