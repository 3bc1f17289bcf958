"""Mutants of reading CIFAR-10, of digests, splits and the digits."""

from __future__ import annotations

from tests.mutants.mutant import Group
from tests.mutants.mutant import Mutant as M

_ARRAYS = (
    "tests/datasets/test_dataset.py",
    "tests/datasets/test_splits.py",
    "tests/datasets/test_assemble.py",
    "tests/datasets/test_arrays.py",
)

GROUPS = (
    Group("tf1_models/datasets/splits.py", ("tests/datasets/test_splits.py",), (
        M("n_dev = len(y_train) // 4", "n_dev = len(y_train) // 5", "a fifth is dev"),
        M("return everything[n_dev:], everything[:n_dev]", "return everything[:-n_dev], everything[-n_dev:]",
          "the last quarter is dev"),
        M("return everything[n_dev:], everything[:n_dev]", "return everything, everything[:n_dev]",
          "dev images are trained on"),
        M("int(0.1 * len(of_class))", "int(0.2 * len(of_class))", "a fifth of each class is dev"),
        M("is_dev[of_class[: int(0.1 * len(of_class))]] = True",
          "is_dev[of_class[-int(0.1 * len(of_class)) :]] = True", "the last tenth of each class is dev"),
        M("for indices in (dev, train):", "for indices in (dev,):", "the split's hash sees dev alone"),
    )),
    Group("tf1_models/datasets/batches.py", ("tests/datasets/test_batches.py",), (
        M('"40351d587109b95175f43aff81a1287e"', '"40351d587109b95175f43aff81a1287f"', "MD5 of test_batch"),
        M('"54ebc095f3ab1f0389bbae665268c751"', '"54ebc095f3ab1f0389bbae665268c752"', "MD5 of data_batch_3"),
        M("return tuple(self._md5) == OFFICIAL_MD5", "return tuple(self._md5[:5]) == OFFICIAL_MD5[:5]",
          "test_batch may be any"),
        M("if len(values) != n:", "if len(values) < n:", "one label too many is not noticed"),
        M("if len(values) != n:", "if len(values) > n:", "one label too few is not noticed"),
        M("rows.transpose(0, 2, 3, 1)", "rows.transpose(0, 3, 2, 1)", "rows and columns change places"),
        M("planes[at : at + _CHUNK].reshape(-1, 3, 32, 32)",
          "planes[at : at + _CHUNK].reshape(-1, 3, 32, 32)[:, ::-1]", "blue for red"),
        M("if low < 0 or high >= N_CLASSES:", "if low < 0 or high > N_CLASSES:", "the class id 10 passes"),
        M('            raise reader.error("this batch was there already")', "            pass",
          "a batch that comes twice overwrites the first",
          tests=("tests/datasets/test_batches.py", "tests/datasets/test_tarballs.py")),
        M("if names != list(CIFAR10_CLASSES):", "if sorted(names) != sorted(CIFAR10_CLASSES):",
          "class names in any order"),
        M("if reader.remaining % RECORD_BYTES:", "if False:", "a truncated binary batch passes"),
        M("if not 1 <= n <= ROWS:", "if not 0 <= n <= ROWS:", "an empty batch passes"),
        M("class_ids(rows[:, 0], reader.what)", "class_ids(rows[:, -1] % 10, reader.what)",
          "labels from the last byte of a record"),
    )),
    Group("tf1_models/datasets/dataset.py", _ARRAYS, (
        M("        digest.update(np.ascontiguousarray(y).data)\n", "", "the digest does not see labels"),
        M('f"|{name}|{len(y)}|"', 'f"|{name}|"', "the digest does not see counts",
          tests=("tests/datasets/test_splits.py", "tests/datasets/test_identify.py")),
        M("    if len(x) != len(y):", "    if len(x) > len(y):", "more labels than images pass"),
        M("if int(y.max()) >= N_CLASSES:", "if int(y.max()) > N_CLASSES:", "the class id 10 passes"),
        M("    if len(y) == 0:", "    if len(y) == -1:", "a split without an image passes"),
    )),
    Group("tf1_models/datasets/digits.py", ("tests/datasets/test_digits.py", "tests/datasets/test_identify.py"), (
        M("_GREY_LEVELS // 2", "0", "grey levels are rounded down"),
        M("N_TEST = 297", "N_TEST = 300", "300 test digits"),
        M("repeat(_REPEAT, axis=2)", "repeat(_REPEAT, axis=1).reshape(-1, 32, 32)",
          "digits are blown up one way only"),
    )),
    Group("tf1_models/datasets/identify.py", ("tests/datasets/test_identify.py", "tests/datasets/test_assemble.py"), (
        M("packed >> 4, packed & 15", "packed & 15, packed >> 4", "pairs of labels change places"),
        M("    digest.update(np.ascontiguousarray(y_test).data)\n", "", "test labels may be any"),
        M('Copy(True, "CIFAR-10, the known JPEG copy")', 'Copy(False, "CIFAR-10, the known JPEG copy")',
          "the JPEG copy is called lossless",
          tests=("tests/datasets/test_identify.py", "tests/reproduce/test_summary.py")),
        M("10f5d00678b056755ebe24e3cfd39e70059a8d3908bea7b49a0d426fb1a40e0b",
          "10f5d00678b056755ebe24e3cfd39e70059a8d3908bea7b49a0d426fb1a40e0c", "the JPEG copy's digest",
          tests=("tests/datasets/test_identify.py", "tests/reproduce/test_summary.py")),
        M("6d958be074577803d12ecdefd02955f39262c83c16fe9348329d7fe0b5c001ce",
          "6d958be074577803d12ecdefd02955f39262c83c16fe9348329d7fe0b5c001cf", "SHA-256 of the official archive"),
    )),
    Group("tf1_models/datasets/cache.py", ("tests/datasets/test_cache.py",), (
        M('if digest.hexdigest() != manifest["sha256"][name]:', "if False:", "a damaged array passes"),
        M('    if data.digest != manifest["digest"]:', "    if False:", "a manifest of other images passes"),
        M("        files.write_json(manifest_path, manifest)",
          '        files.write_json(manifest_path, {**manifest, "order": "official"})', "the order is not kept"),
    )),
)  # fmt: skip
