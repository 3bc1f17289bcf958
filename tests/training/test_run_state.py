"""A checkpoint that holds another step than its manifest says is not continued."""

from __future__ import annotations

from typing import Any, Dict

import pytest

from tf1_models import registry
from tf1_models.checkpoints import saving
from tf1_models.errors import InputError
from tf1_models.output.progress import Log
from tf1_models.training.epoch_state import Progress

pytestmark = pytest.mark.tf


class Anything:
    """Takes every call and attribute; `run` answers with the step that the variables hold."""

    def __init__(self, step: int = 0) -> None:
        self.step = step

    def run(self, fetches: Any) -> int:
        return self.step

    def __getattr__(self, name: str) -> Any:
        return lambda *rest: None


@pytest.mark.parametrize("held, agrees", [(30, True), (29, False)])
def test_the_variables_step_is_the_manifests(monkeypatch: Any, tf: Any, held: int, agrees: bool) -> None:
    from tf1_models.training import run_state  # imports TensorFlow

    manifest: Dict[str, Any] = {"step": 30, "metrics": None, "stopping": None, "progress": Progress(2, 30).state()}
    monkeypatch.setattr(saving, "latest_sound", lambda folder, warn: manifest)
    monkeypatch.setattr(saving, "restore", lambda *rest: None)

    class Run:
        experiment = registry.experiment("bn_cnn", "final", {"patience_epochs": "none"})
        folder, graph, session, log, record, tf = Anything(), Anything(), Anything(held), Log(quiet=True), None, None

    run: Any = Run
    state = run_state.RunState(run, Anything(), Anything())  # type: ignore[arg-type]
    if agrees:
        assert state.restore_or_initialize(None) and state.progress == Progress(2, 30)
    else:
        with pytest.raises(InputError, match="checkpoint of step 30 holds another step"):
            state.restore_or_initialize(None)
