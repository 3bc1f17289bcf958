"""Mutants of training on several machines: slices of a batch, their weights, steps, the configuration."""

from __future__ import annotations

from tests.mutants.mutant import Group
from tests.mutants.mutant import Mutant as M

_SLICES = ("tests/cluster/test_pieces.py::test_slices_cover_the_batch_once_and_weigh_one",)
_CHIEF = ("tests/cluster/test_chief.py",)
_WORKER = ("tests/cluster/test_worker.py",)
_GRADIENTS = ("tests/cluster/test_cluster.py::test_the_first_gradients_are_those_of_one_machine",)
_WHOLE = ("tests/cluster/test_cluster.py::test_sigterm_saves_and_one_machine_continues",)

GROUPS = (
    Group("tf1_models/cluster/slices.py", _SLICES, (
        M("min(member, odd)", "member * (odd > 0)", "rows between slices are left out"),
        M("stop = start + each + (member < odd)", "stop = start + each", "the odd rows are left out"),
        M("stop = start + each + (member < odd)", "stop = start + each + 1", "slices overlap"),
        M("(stop - start) / n_rows", "1.0 / n_members", "all slices weigh the same"),
        M("Slice(0, 1, 0.0)", "Slice(0, 1, 1.0 / n_rows)", "a member without rows counts one"),
        M("Slice(0, 1, 0.0)", "Slice(0, 0, 0.0)", "a member without rows computes a mean over none"),
    )),
    Group("tf1_models/cluster/member_graph.py", _GRADIENTS, (
        M("handles.data_loss * tf.cast(weight, dtype)",
          "handles.data_loss / tf.constant(len(cluster.computing), dtype)",
          "slices weigh the same whatever their rows"),
        M("len(cluster.computing), dtype", "1, dtype", "every member takes the whole L2 term"),
        M("added = tf.add_n(shares)", "added = tf.add_n(shares) / len(shares)",
          "gradients are averaged a second time"),
        M("tf.reduce_sum(right) * counted", "tf.reduce_sum(right)", "a row that counts nothing is counted right",
          tests=("tests/cluster/test_member_graph.py",)),
        M("apply = tf.assign(open_tick, tick + 1).op", "apply = tf.assign(open_tick, tick).op",
          "the next step is never opened", tests=_WHOLE),
    )),
    Group("tf1_models/cluster/worker.py", _WHOLE, (
        M("step = view.tick % TERM", "step = view.tick % TERM + 1", "workers are a step ahead", tests=_WORKER),
        M("epoch, step_in_epoch = divmod(step, n_steps)", "epoch, step_in_epoch = 0, step % n_steps",
          "workers keep the first epoch's order",
          tests=_WORKER),
        M("            if theirs != identity:", "            if False:", "a worker of another run takes part",
          tests=("tests/cluster/test_cluster.py::test_who_is_missing_is_named_and_nobody_hangs",)),
    )),
    Group("tf1_models/cluster/chief.py", _WHOLE, (
        M("(view.tick // TERM + 1) * TERM + step", "TERM + step", "a second chief takes the first one's ticks",
          tests=_CHIEF),
        M("if self._session is None or self._pulled_at == self._tick:", "if True:",
          "the chief saves the values that it began with"),
        M('"n_correct": int(round(float(sums[1])))', '"n_correct": 0', "hits are not counted", tests=_CHIEF),
    )),
    Group("tf1_models/cluster/configuration.py", ("tests/cluster/test_configuration.py",), (
        M('return self.of("chief") + self.of("worker")', 'return self.of("worker") + self.of("chief")',
          "workers take the first slice"),
        M("    for member in members:\n        if member.address in seen:",
          "    for member in members[1:]:\n        if member.address in seen:", "a worker at the chief's address"),
        M('if count == 0 or (job == "chief" and count > 1):', "if count == 0:", "two chiefs"),
        M("1 <= int(port) <= 65535", "0 <= int(port) <= 65535", "port 0"),
    )),
)  # fmt: skip
