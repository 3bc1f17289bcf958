"""How often the rules say `reproduced`, `differs` and `inconclusive` of a value whose true distance is known.

    python -m tests.reproduce.simulate_rules [--write tf1_models/reproduce/README.md]

Draws the report's run, our runs and the sd's estimate anew in every world, at an sd of one run of 0.45 points (that of
prelu_cnn and bn_cnn), and judges with `verdict.judge` itself. Prints the Markdown table of the rules' page.
"""

from __future__ import annotations

import argparse
from typing import Dict, List, NamedTuple

import numpy as np

from tf1_models.output.markdown import markdown_table, write_block
from tf1_models.reproduce.verdicts import verdict
from tf1_models.reproduce.verdicts.noise import Noise
from tf1_models.spec import Reported

BLOCK = "rules"
WORLDS = 4000
SD = 0.0045
OFFSETS = (0.0, 1.0, 2.0, 3.0, 5.0)  # in sd of one run
CASES = ((1, 4), (1, 10), (3, 2), (3, 10), (6, 10))  # our seeds, degrees of freedom behind the sd


class Case(NamedTuple):
    """Shares of worlds by true offset, in sd."""

    case: str
    reproduced: Dict[float, float]
    differs: Dict[float, float]


def table(n_worlds: int, seed: int) -> List[Case]:
    """One row for each of `CASES`."""
    random = np.random.RandomState(seed)
    rows = []
    for n_seeds, df in CASES:
        reproduced: Dict[float, float] = {}
        differs: Dict[float, float] = {}
        for offset in OFFSETS:
            outcomes = [_outcome(random, n_seeds, df, offset) for _ in range(n_worlds)]
            reproduced[offset] = outcomes.count("reproduced") / n_worlds
            differs[offset] = (outcomes.count("higher") + outcomes.count("lower")) / n_worlds
        rows.append(Case(f"{n_seeds} {'seeds' if n_seeds > 1 else 'seed'}, sd from {df} degrees", reproduced, differs))
    return rows


def _outcome(random: np.random.RandomState, n_seeds: int, df: int, offset: float) -> str:
    values = 0.76 + SD * random.standard_normal(n_seeds)
    value = 0.76 + SD * (offset + random.standard_normal())
    noise = Noise(SD * float(np.sqrt(random.chisquare(df) / df)), df, "")
    reported = Reported("test_accuracy", float(value), f"{100 * value:.2f} %", 10000, "listed", "", "single")
    return verdict.judge(reported, [float(one) for one in values], noise=noise).outcome


def render(rows: List[Case]) -> str:
    """Markdown: `reproduced / differs` in percent of the worlds; what is left is `inconclusive`."""
    head = ["our runs", *(f"{offset:g} sd off" for offset in OFFSETS)]
    return markdown_table(
        head,
        [[row.case, *(f"{100 * row.reproduced[o]:.0f} / {100 * row.differs[o]:.0f}" for o in OFFSETS)] for row in rows],
    )


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--worlds", type=int, default=WORLDS, help="simulated worlds a cell")
    parser.add_argument("--write", metavar="README.md", help="rewrite the block of this file")
    args = parser.parse_args()
    text = render(table(args.worlds, 0))
    print(text)
    if args.write:
        write_block(args.write, BLOCK, text)


if __name__ == "__main__":
    main()
