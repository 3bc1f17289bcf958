"""A report's rows as changes of one base row: what a run shares with the others is written once."""

from __future__ import annotations

import dataclasses
from typing import Any, Optional

from tf1_models.spec import Experiment


def row_of(
    base: Experiment,
    run: str,
    where: str,
    value: Optional[float],
    printed: str,
    note: str = "",
    basis: str = "listed",
    assumed: str = "",
    selection: str = "single",
    **settings: Any,
) -> Experiment:
    """One run of a report.

    Args:
        base: Report, metric, images counted, and every setting that is not named here.
        run: Its name, unique in the report.
        where: Where the report has it.
        value: The number as a fraction; None where the report gives none.
        printed: The report's own characters; "" without a number.
        note: What else the report says of it.
        basis: See `spec.Reported`, as `assumed` and `selection`.
        assumed: What had to be assumed.
        selection: One value, or the best of several.
        settings: Fields of `Experiment` that differ from the base's.
    """
    reported = dataclasses.replace(
        base.reported,
        value=value,
        printed=printed,
        n_scored=None if value is None else base.reported.n_scored,
        basis=basis,
        assumed=assumed,
        selection="" if value is None else selection,
    )
    return dataclasses.replace(base, run=run, where=where, note=note, reported=reported, **settings)
