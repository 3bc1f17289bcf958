"""Messages for missing variables: the ready option by shape, the likeliest reason, what was taken."""

from __future__ import annotations

import time
from typing import Any, Dict, Mapping, Sequence, Tuple

import numpy as np
import pytest

from tests.checkpoints import crafted
from tf1_models import registry
from tf1_models.checkpoints import checkpoint_source, name_hints
from tf1_models.checkpoints.bundle import Entry
from tf1_models.checkpoints.name_map import AVERAGE, Wanted, match
from tf1_models.checkpoints.name_options import NameOptions
from tf1_models.checkpoints.source import Source
from tf1_models.errors import InputError

SHAPES: Dict[str, Tuple[int, ...]] = {
    "W1": (3, 3, 3, 8),
    "W2": (3, 3, 8, 8),
    "W3": (3, 3, 8, 8),
    "b1": (8,),
    "b2": (8,),
    "b3": (8,),
    "W_fc": (128, 10),
}
GRAPH = [Wanted(name, shape, "float32") for name, shape in SHAPES.items()]
PLAIN = NameOptions()
NO_NETS: Mapping[str, Sequence[Wanted]] = {}
SOURCE = Source("model.ckpt-7", registry.experiment("nine_conv", "final"), None)


def file(names: Mapping[str, str]) -> Dict[str, Entry]:
    """File name -> the graph's name whose shape it has."""
    return {name: Entry(name, "float32", SHAPES[core], 0, 0, 0) for name, core in names.items()}


def message(
    entries: Mapping[str, Entry], options: NameOptions = PLAIN, nets: Mapping[str, Sequence[Wanted]] = NO_NETS
) -> str:
    with pytest.raises(InputError) as caught:
        checkpoint_source.fit(
            GRAPH,
            dict(entries),
            Source(SOURCE.prefix, SOURCE.experiment, None, options),
            lambda: {words: list(rows) for words, rows in nets.items()},
        )
    text = str(caught.value)
    assert len(text) < 400 and text.isprintable()
    return text


RENAMES = {
    "a notebook's numbers": ({f"{name}_1": name for name in SHAPES}, ["*_1=*"]),
    "below a scope too": ({f"net/{name}_1": name for name in SHAPES}, ["*_1=*"]),
    "layers of their own": (
        {
            **{f"conv{k}/weights": f"W{k}" for k in (1, 2, 3)},
            **{f"conv{k}/biases": f"b{k}" for k in (1, 2, 3)},
            "W_fc": "W_fc",
        },
        ["conv*/weights=W*", "conv*/biases=b*"],
    ),
    "by other words": (
        {
            **{f"net/stage{k}/filter": f"W{k}" for k in (1, 2, 3)},
            **{f"net/stage{k}/b": f"b{k}" for k in (1, 2, 3)},
            "net/out": "W_fc",
        },
        ["stage*/filter=W*", "stage*/b=b*", "out=W_fc"],
    ),
    "one layer": (
        {**{name: name for name in SHAPES if name != "W_fc"}, "logits/kernel": "W_fc"},
        ["logits/kernel=W_fc"],
    ),
}


@pytest.mark.parametrize("case", list(RENAMES))
def test_the_ready_option_fits(case: str) -> None:
    """Whatever is offered is applied, and leads each variable to a tensor of its shape."""
    names, expected = RENAMES[case]
    entries = file(names)
    found = match(GRAPH, entries)
    pairs, rivals = name_hints.renames(GRAPH, entries, found)
    assert sorted(pairs) == sorted(expected) and rivals == []
    assert f"by their shapes they are --rename '{pairs[0]}'" in message(entries)
    options = NameOptions(None, tuple((old, new) for old, new in (pair.split("=") for pair in pairs)))
    again = match(GRAPH, entries, options)
    assert all(entries[old].shape == SHAPES[name] for name, old in again.matched.items())
    assert not again.missing and again.matched == {core: name for name, core in names.items()}


def test_names_with_a_common_end_become_one_pattern() -> None:
    entries = file(
        {"W_fc": "W_fc", **{f"conv{k}": f"W{k}" for k in (1, 2, 3)}, **{f"bias{k}": f"b{k}" for k in (1, 2, 3)}}
    )
    assert sorted(name_hints.renames(GRAPH, entries, match(GRAPH, entries))[0]) == ["bias*=b*", "conv*=W*"]


def test_a_graph_built_three_times_leaves_a_choice() -> None:
    entries = file({f"{name}_{number}": name for name in SHAPES for number in (1, 2)})
    assert name_hints.renames(GRAPH, entries, match(GRAPH, entries)) == ([], ["*_1=*", "*_2=*"])
    assert "they fit with --rename '*_1=*' or --rename '*_2=*': choose one" in message(entries)
    entries = file({f"{scope}/{name}": name for scope in "ab" for name in SHAPES})
    assert name_hints.renames(GRAPH, entries, match(GRAPH, entries)) == ([], [])  # scopes, not renames


def test_no_option_where_two_tensors_could_be_meant_or_none() -> None:
    rest = {name: name for name in SHAPES if name not in ("W2", "W_fc")}
    entries = file({**rest, "W_fc": "W_fc", "p": "W2", "q": "W2"})
    assert name_hints.renames(GRAPH, entries, match(GRAPH, entries)) == ([], [])
    entries = file({**rest, "W_fc": "W_fc", "p": "W2"})
    entries["p"] = entries["p"]._replace(dtype="int64")  # equal shape alone is no candidate
    assert name_hints.renames(GRAPH, entries, match(GRAPH, entries)) == ([], [])
    text = message(entries)
    assert "it lacks W2 of the graph's 7 variables; nothing else in it has their shapes, so its program did not" in text


def test_reasons() -> None:
    own = {name: name for name in SHAPES}
    slots = {name: Entry(name, "float32", (), 0, 0, 0) for name in ("W1/Adam", "beta1_power")}
    assert "it lacks W1 and 6 more of the graph's 7 variables; it holds optimizer slots and steps only, no model" in (
        message(slots)
    )
    assert "their moving averages are there: --use-averages takes them" in message(
        file({name + AVERAGE: name for name in SHAPES})
    )
    two = file({scope + name: name for scope in ("a/", "b/") for name in SHAPES})
    assert message(two) == ("model.ckpt-7 does not restore: its variables fit below a, b: choose one, e.g. --scope a")
    assert "nothing lies below c/; they are there with --scope a, --scope b" in message(two, NameOptions("c/"))
    assert "it holds no moving averages" in message(file(own), NameOptions(use_averages=True))
    one_average = file({**own, "W1" + AVERAGE: "W1"})
    assert "and 5 more of the graph's 7 variables; moving averages are there for some variables only" in message(
        one_average, NameOptions(use_averages=True)
    )
    part = file({f"net/{name}": name for name in SHAPES if name != "b1"})
    part["bias"] = Entry("bias", "float32", (8,), 0, 0, 0)
    assert "the others lie below net; `checkpoint inspect` shows what it holds" in message(part)
    wrong = {**file(own), "W1": Entry("W1", "float32", (5, 5, 3, 8), 0, 0, 0)}
    assert "does not fit the graph: different W1: graph ([3, 3, 3, 8], 'float32'), file ([5, 5, 3, 8]" in message(wrong)


def test_another_net_is_named_by_the_words_that_choose_it() -> None:
    other = [Wanted("conv/kernel", (3, 3, 3, 8), "float32"), Wanted("dense/kernel", (10, 10), "float32")]
    small = other[:1]
    entries = {f"m/{row.name}": Entry(row.name, row.dtype, row.shape, 0, 0, 0) for row in other}
    text = message(entries, nets={"--report bn_cnn": small, "--report alexnet_bn": other})
    assert "it holds the variables of another net: --report alexnet_bn" in text
    own = file({name: name for name in SHAPES if name != "b1"})
    assert "another net" not in message(own, nets={"--report bn_cnn": GRAPH[:2]})  # one of seven is missing: it is ours


def test_renames_that_name_nothing_or_change_nothing() -> None:
    own = file({name: name for name in SHAPES})
    assert "--rename W9=W1: it holds no W9" in message(own, NameOptions(None, (("W9", "W1"),)))
    assert "--rename W0*=*: it holds no W0*" in message(own, NameOptions(None, (("W0*", "*"), ("x", "b1"))))
    assert "--rename *_1=* changes nothing in model.ckpt-7" in message(own, NameOptions(None, (("*_1", "*"),)))


def taken(entries: Mapping[str, Entry], options: NameOptions = PLAIN) -> Any:
    return name_hints.taken(match(GRAPH, entries, options), options, entries)


def test_what_was_taken_is_one_line() -> None:
    own = file({name: name for name in SHAPES})
    assert taken(own) is None
    assert taken(file({f"net/{name}": name for name in SHAPES})) == "took 7 variables, below net"
    numbered = file({f"net/{name}_1": name for name in SHAPES})
    assert taken(numbered, NameOptions(None, (("*_1", "*"),))) == "took 7 variables, below net, 7 renamed (*_1=*)"
    averaged = {**own, **file({name + AVERAGE: name for name in SHAPES})}
    assert taken(averaged) == "it holds moving averages too (--use-averages takes them)"
    assert taken(averaged, NameOptions(use_averages=True)) == "took 7 variables, 7 as moving averages"
    twice = {**own, **file({f"target/{name}": name for name in SHAPES})}
    assert taken(twice) == "target would fit too (--scope)" and taken(twice, NameOptions("")) is None


def test_a_hint_on_a_crafted_file_takes_no_time() -> None:
    entries = {f"{n:05d}" + "x" * 900: Entry("", "float32", (8,), 0, 0, 0) for n in range(20_000)}
    began = time.perf_counter()
    message(entries, NameOptions(None, (("nothing" * 10, "b1"),)))
    message(entries)
    assert time.perf_counter() - began < 10


@pytest.mark.tf
def test_every_reports_net_is_recognised(tf: Any, tmp_path: Any) -> None:
    nets = checkpoint_source._other_nets(tf)
    assert len(nets) == len({tuple(rows) for rows in nets.values()}) > 15
    assert "--report nine_conv --run single_fc" in nets
    prefix = str(tmp_path / "model")
    crafted.write_checkpoint(
        prefix, {f"net/{row.name}": np.zeros(row.shape, row.dtype) for row in nets["--report bn_cnn"]}
    )
    source = Source(prefix, registry.experiment("prelu_cnn"), None)
    with tf.Graph().as_default(), tf.Session() as session:
        registry.graph("prelu_cnn").build()
        with pytest.raises(InputError, match="it holds the variables of another net: --report bn_cnn"):
            checkpoint_source.restore(tf, session, source)
