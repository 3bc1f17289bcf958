"""Mutants of saving: order of writes, checks when reading, which checkpoints are kept, which one is the best."""

from __future__ import annotations

from tests.mutants.mutant import Group
from tests.mutants.mutant import Mutant as M

_FILE = "tests/training/test_loop.py::test_"
_FOLDER = (_FILE + "the_folder_holds_what_the_interface_promises",)
_RESUMED = (*_FOLDER, _FILE + "resumed_equals_uninterrupted[6]")
_FALLS_BACK = (_FILE + "a_damaged_latest_checkpoint_falls_back_to_the_one_before",)
_NONE_SOUND = (_FILE + "no_sound_checkpoint_is_an_error_not_a_fresh_start",)
_BEST = (_FILE + "a_damaged_best_checkpoint_leaves_the_result_without_it",)
_OTHER = (_FILE + "another_configuration_in_the_folder",)
_ANOTHER_RUNS = ("tests/training/test_state_file.py::test_a_checkpoint_of_another_run_is_not_taken",)
_FILES = ("tests/checkpoints/test_saving.py",)
_RESULTS = ("tests/training/test_results.py",)
_RUN_FOLDER = ("tests/training/test_run_folder.py",)
_STEP_0 = ("tests/training/test_collapse.py::test_weights_that_the_last_step_broke_are_noticed",)
_ORDER = ("tests/faults/test_fault_scripts.py::test_write_order",)

GROUPS = (
    Group("tf1_models/checkpoints/saving.py", _FILES, (
        M("            fsync_file(path + suffix)  #", "            #",
          "the Saver's files are not synced before the manifest", tests=_ORDER),
        M("        fsync_folder(folder)\n        variables", "        variables",
          "the files' names are not synced before the manifest", tests=_ORDER),
        M('        write_sealed(path + ".json", {"schema": 1, "step": step, "files": files, "variables": '
          "variables, **fields})\n        # for", "        # for", "no manifest is written"),
        M('os.path.getsize(path) != record["size"] or sha256_file(path) != record["sha256"]',
          'os.path.getsize(path) != record["size"]', "a flipped bit of a checkpoint passes"),
        M("reverse=True)", "reverse=False)", "the earliest checkpoint is taken up"),
        M("        if step not in keep:", "        if True:", "the best checkpoint is deleted"),
        M("n_latest: int = 2", "n_latest: int = 1", "only the last checkpoint is kept, with nothing to fall back to"),
        M("n_latest: int = 2", "n_latest: int = 200", "checkpoints are never deleted"),
        M('    if steps:\n        raise InputError(f"none of', '    if False:\n        raise InputError(f"none of',
          "a run without a sound checkpoint starts anew"),
        M("stale = part is not None and (int(part.group(1)) not in committed",
          "stale = part is not None and (int(part.group(1)) in committed", "committed checkpoints are swept away"),
        M('or ".tempstate" in name)', ")", "a kill's temporary files stay"),
        M("        if name in have and want[name] != have[name]", "        if False", "another shape is not noticed"),
        M("    unexpected = sorted(set(have) - set(want))", "    unexpected: List[str] = []",
          "variables too many are not noticed"),
        M('and manifest["step"] == step', "", "a manifest of another step passes"),
        M('            os.unlink(prefix(folder, step) + ".json")\n', "", "a deleted checkpoint leaves its manifest"),
    )),
    Group("tf1_models/training/run_state.py", _RESUMED, (
        M('() if progress.best is None else (progress.best["step"],)', "()", "the best checkpoint is not kept",
          tests=_BEST),
        M("            self._save_values()  # step 0", "            pass  # step 0", "no checkpoint of step 0",
          tests=_STEP_0),
        M("            run.folder.check_config(manifest, run.record)\n", "", "a checkpoint of another run is taken",
          tests=_ANOTHER_RUNS),
        M('run.folder.rewind_metrics(manifest["metrics"] if manifest else None)', "run.folder.rewind_metrics(None)",
          "metrics.jsonl is not cut back", tests=_FALLS_BACK),
        M("if self._interrupt.raised:\n            self.save()", "if self._interrupt.raised:\n            pass",
          "SIGTERM loses the epoch's steps", tests=_FALLS_BACK),
        M('"stopping": None if self.stopping is None else self.stopping.state()', '"stopping": None',
          "the stopping rule is not saved"),
        M("if int(run.session.run(run.graph.global_step)) != self.progress.step:", "if False:",
          "a checkpoint that holds another step passes", tests=("tests/training/test_run_state.py",)),
        M("            self.progress = epoch_state.progress_of(manifest, self.stopping)",
          '            self.progress.step = manifest["step"]', "a resumed run begins its epochs anew"),
    )),
    Group("tf1_models/training/results.py", _RESULTS, (
        M("            saving.restore(run.tf, run.session, run.graph.saver, run.folder.path, manifest)\n", "",
          "the best epoch's scores are the last's"),
        M('saving.read_manifest(run.folder.path, best["step"])',
          "saving.read_manifest(run.folder.path, progress.step)",
          "the best epoch's scores are of the last checkpoint"),
        M("    hash_of_variables = variables_sha256(run.tf, run.session)\n", '    hash_of_variables = "0" * 64\n',
          "the variables' hash", tests=(_FILE + "two_runs_give_the_same_bytes",)),
        M("key=lambda v: v.op.name", "key=lambda v: v.shape.num_elements()", "the hash depends on more than names"),
        M("found = probabilities[: part.n_counted]", "found = probabilities",
          "more predictions than labels are scored"),
        M("run.graph.handles.loss_over_softmax))", "False))", "the evaluation's loss takes the logits (Q1 mended)"),
    )),
    Group("tf1_models/training/run_folder.py", _RUN_FOLDER, (
        M('_CONFIG_KEYS = ("report", "run", "seed", "data_digest", "split_hash", "identity")',
          '_CONFIG_KEYS = ("report", "run", "data_digest", "split_hash", "identity")',
          "another seed continues the run", tests=_OTHER),
        M('key=lambda name: (name != "result.json", name)', "key=lambda name: name",
          "--fresh removes the result last"),
        M('{"settings": spec.identity(experiment), "data_digest": data_digest}',
          '{"settings": spec.identity(experiment)}', "runs on other images share a folder"),
        M("                stream.truncate(size)\n", "", "an epoch is logged twice"),
        M("            os.fsync(stream.fileno())\n        self.metrics.append", "        self.metrics.append",
          "metrics.jsonl is not synced before the manifest vouches for it", tests=_ORDER),
    )),
    Group("tf1_models/storage/files.py", ("tests/storage/test_files.py",), (
        M("            os.fsync(stream.fileno())\n        os.replace", "        os.replace",
          "a file is renamed before it is synced", tests=_ORDER),
        M("    fsync_folder(os.path.dirname(path))\n\n\ndef write_bytes", "\n\ndef write_bytes",
          "a rename is not synced", tests=_ORDER),
        M('temporary = f"{path}.tmp-{os.getpid()}"', "temporary = path", "files are written in place"),
        M("allow_nan=False", "allow_nan=True", "NaN is written as JSON"),
    )),
    Group("tf1_models/storage/sealed.py", ("tests/storage/test_files.py",), (
        M('if key != "checksum"}', 'if key not in ("checksum", "seed")}', "the checksum does not see the seed"),
        M("    if not same or content !=", "    if content !=", "a wrong checksum passes"),
        M(' or content != (to_json(document) + "\\n").encode("utf-8"):', ":", "a flip in white space passes"),
    )),
    Group("tf1_models/checkpoints/bundle.py", ("tests/checkpoints/test_bundle.py",), (
        M("    if crc32c(content) != place.crc:", "    if False:", "a flipped bit of a tensor passes"),
        M("if size and offset != end:", "if size and offset < end:", "bytes that belong to no tensor pass",
          equivalent="with a gap the sizes add up to less than the file has, and the next check refuses that"),
    )),
    Group("tf1_models/checkpoints/slices.py", ("tests/checkpoints/test_slices.py",), (
        M(".bit_length() // 7 + 1", ".bit_length() // 8 + 1", "keys of slices beyond 64"),
        M("    if not apart:", "    if False:", "slices that overlap pass"),
        M("return filled == n_elements", "return True", "slices with a gap pass for the whole"),
    )),
)  # fmt: skip
