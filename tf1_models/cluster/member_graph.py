"""A member's graph: variables on the parameter servers, its slice of the batch here, gradients into accumulators.

TensorFlow's own pieces: `replica_device_setter` places, `ConditionalAccumulator`s collect, the optimizer's ops run
where the variables are. `tf.train.SyncReplicasOptimizer` is built of the same accumulators, and was not used because
- it counts gradients without knowing whose they are: a worker that is killed while it delivers and delivers again after
  its restart is counted twice in some variables and leaves another's share for the next step;
- it averages all shares alike, but slices can be uneven;
- its token queue loses tokens to dead workers, and closing it hangs (`coord.join`, both TensorFlows).
Here every member has an accumulator of its own for every variable. The same gradient delivered twice averages to
itself, one of an earlier step is dropped (`local_step`), and the chief adds the members' shares up.
"""

from __future__ import annotations

from typing import Any, Dict, List, NamedTuple, Tuple

import tensorflow.compat.v1 as tf

from tf1_models.cluster import board
from tf1_models.cluster.configuration import Cluster
from tf1_models.cluster.slices import Slice
from tf1_models.graphs.parts.handles import GraphHandles
from tf1_models.graphs.parts.random_ops import BatchRows
from tf1_models.registry import Graph
from tf1_models.scoring import inference_graph
from tf1_models.spec import Experiment
from tf1_models.training import optimizers


class MemberGraph(NamedTuple):
    """What a member runs.

    Attributes:
        graph: The tf.Graph, final.
        image_bytes, label_ids, step, handles: As in `training_graph.TrainingGraph`, of this member's slice.
        deliver: Op: computes the gradient of the slice, delivers it and says so on the board.
        tick, first_row, batch_rows, weight: Its further placeholders (see `delivery_feed`).
        l2_loss: The L2 term.
        chief: What only the chief runs, None on workers.
    """

    graph: Any
    image_bytes: Any
    label_ids: Any
    step: Any
    handles: GraphHandles
    deliver: Any
    tick: Any
    first_row: Any
    batch_rows: Any
    weight: Any
    l2_loss: Any
    chief: Any

    def delivery_feed(self, part: Slice, n_rows: int, tick: int) -> Dict[Any, Any]:
        """Values of the placeholders that a single machine's graph has not."""
        return {self.first_row: part.start, self.batch_rows: n_rows, self.weight: part.weight, self.tick: tick}


class ChiefGraph(NamedTuple):
    """The chief's part.

    Attributes:
        learning_rate: Scalar placeholder.
        apply: Op: adds the members' shares up, updates every variable, then opens the next step.
        gradients: (summed gradient, variable) pairs, to be fetched beside `apply` only.
        sums: float64 [2]: the batch's mean data loss and its number of right predictions; beside `apply` only.
        variables: Every global variable by name.
        assign: Variable name -> (op, tensor to feed with the new value).
        counts: Number of gradients waiting in each accumulator.
        discard: For each accumulator, an op that empties it (blocks when it is empty).
        set_tick: Op: everything older than `tick` will be dropped.
    """

    learning_rate: Any
    apply: Any
    gradients: List[Tuple[Any, Any]]
    sums: Any
    variables: Dict[str, Any]
    assign: Dict[str, Tuple[Any, Any]]
    counts: List[Any]
    discard: List[Any]
    set_tick: Any


class _LeastBytes:
    """Placement of variables: the parameter server that holds the fewest bytes so far; the same on every member."""

    def __init__(self, n_servers: int) -> None:
        self._bytes = [0] * n_servers

    def __call__(self, op: Any) -> int:
        size = tf.TensorShape(op.get_attr("shape")).num_elements() or 1
        chosen = self._bytes.index(min(self._bytes))
        self._bytes[chosen] += size * tf.as_dtype(op.get_attr("dtype")).size
        return chosen


def build(experiment: Experiment, cluster: Cluster) -> MemberGraph:
    """Builds this member's graph.

    Args:
        experiment: The run.
        cluster: All members and this one, which computes (chief or worker).
    """
    me, spec = cluster.me, tf.train.ClusterSpec(cluster.addresses())
    graph = tf.Graph()
    setter = tf.train.replica_device_setter(
        ps_device="/job:ps", worker_device=me.device, cluster=spec, ps_strategy=_LeastBytes(len(cluster.of("ps")))
    )
    # a variable travels once a step, however often it is read
    with graph.as_default(), tf.device(setter), tf.variable_scope(tf.get_variable_scope(), caching_device=me.device):
        image_bytes, label_ids, images, labels = inference_graph.inputs(experiment)
        step = tf.placeholder(tf.int64, [], name="step")
        first_row, batch_rows = (tf.placeholder(tf.int32, [], name=name) for name in ("first_row", "batch_rows"))
        weight = tf.placeholder(tf.float64, [], name="weight")
        tick = tf.placeholder(tf.int64, [], name="tick")
        rows = BatchRows(step, first_row, batch_rows)
        handles = Graph(experiment).build(images=images, labels=labels, step=rows)

        # Shares that add up to the whole batch's loss: its mean over n rows is the sum of the slices' means times
        # their weights; each member takes an equal share of the L2 term, which so counts once.
        dtype = handles.loss.dtype
        share = handles.data_loss * tf.cast(weight, dtype) + handles.l2_loss / tf.constant(
            len(cluster.computing), dtype
        )
        learning_rate = handles.learning_rate
        if learning_rate is None:
            rate_dtype = tf.float64 if experiment.optimizer.startswith("torch_") else tf.float32
            learning_rate = tf.placeholder(rate_dtype, [], name="learning_rate")
        optimizer = optimizers.make(experiment.optimizer, learning_rate)
        gradients = [(g, v) for g, v in optimizer.compute_gradients(share) if g is not None]

        right = tf.cast(tf.equal(handles.predictions, tf.cast(label_ids, tf.int64)), tf.float64)
        counted = tf.cast(weight > 0.0, tf.float64)
        sums = tf.stack([tf.cast(handles.data_loss, tf.float64) * weight, tf.reduce_sum(right) * counted])
        # what the batch norms would write into their moving statistics goes the gradients' way: the members' average,
        # written once and together with the step
        statistics = [(value * tf.cast(weight, value.dtype), v) for value, v in _assignments(handles.update_ops)]
        home = "/job:ps/task:0/cpu:0"
        parts = [(part, v.device, v.op.name) for part, v in gradients + statistics] + [(sums, home, "sums")]

        def accumulators(member_key: str) -> List[Any]:
            found = []
            for part, device, name in parts:
                with tf.device(device):
                    found.append(
                        tf.ConditionalAccumulator(
                            part.dtype, shape=part.shape, shared_name=f"cluster_gradient/{name}/{member_key}"
                        )
                    )
            return found

        notices = board.variables(tf, cluster)
        mine = accumulators(me.key)
        deliveries = [box.apply_grad(part, local_step=tick) for box, (part, _, _) in zip(mine, parts)]
        with tf.control_dependencies(deliveries):
            deliver = tf.assign(notices.arrived[me.key], tick).op

        chief = None
        if me.job == "chief":
            boxes = [mine if member == me else accumulators(member.key) for member in cluster.computing]
            chief = _chief(handles, optimizer, learning_rate, gradients, statistics, boxes, notices.tick, tick)
        graph.finalize()
    return MemberGraph(
        graph,
        image_bytes,
        label_ids,
        step,
        handles,
        deliver,
        tick,
        first_row,
        batch_rows,
        weight,
        handles.l2_loss,
        chief,
    )


def _assignments(update_ops: Tuple[Any, ...]) -> List[Tuple[Any, Any]]:
    """(new value, variable) of ops that assign to resource variables."""
    by_handle = {variable.handle.name: variable for variable in tf.global_variables()}
    odd = [op.name for op in update_ops if op.type != "AssignVariableOp"]
    if odd:
        raise ValueError(f"update op {odd[0]} is no plain assignment")
    return [(op.inputs[1], by_handle[op.inputs[0].name]) for op in update_ops]


def _chief(
    handles: GraphHandles,
    optimizer: Any,
    learning_rate: Any,
    gradients: List[Tuple[Any, Any]],
    statistics: List[Tuple[Any, Any]],
    boxes: List[List[Any]],
    open_tick: Any,
    tick: Any,
) -> ChiefGraph:
    def total(place: int, shape: Any, device: str) -> Any:
        shares = []
        for row in boxes:  # in the members' order, so that the sum's bits do not depend on who came first
            with tf.device(device):
                shares.append(row[place].take_grad(1))
        with tf.device(device):
            added = tf.add_n(shares)
        added.set_shape(shape)
        return added

    pairs = [
        (total(place, part.shape, variable.device), variable)
        for place, (part, variable) in enumerate(gradients + statistics)
    ]
    summed, averages = pairs[: len(gradients)], pairs[len(gradients) :]
    sums = total(len(pairs), [2], open_tick.device)
    global_step = handles.global_step
    if global_step is None:
        global_step = tf.train.get_or_create_global_step()
    train = optimizer.apply_gradients(summed, global_step=global_step, name="train")
    written = [tf.assign(variable, value).op for value, variable in averages]
    with tf.control_dependencies([train, sums, *written]):
        apply = tf.assign(open_tick, tick + 1).op

    variables = {variable.op.name: variable for variable in tf.global_variables()}
    assign = {name: (variable.initializer, variable.initializer.inputs[1]) for name, variable in variables.items()}
    flat = [box for row in boxes for box in row]
    counts, discard, set_tick = [], [], []
    for box in flat:
        with tf.device(box.accumulator_ref.device):
            counts.append(box.num_accumulated())
            discard.append(box.take_grad(1).op)
            set_tick.append(box.set_global_step(tick))
    return ChiefGraph(learning_rate, apply, summed, sums, variables, assign, counts, discard, tf.group(*set_tick))
