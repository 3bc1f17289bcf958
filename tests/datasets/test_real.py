"""The 60,000 images in every form below $TF1_MODELS_DATA (skipped without): digests, memory, time."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from tf1_models.datasets import find

ROOT = os.environ.get(find.ENV, "")
COPIES = [copy for copy in (find.below(ROOT) if ROOT else []) if not copy.missing]
MEASURE = """
import sys
from tf1_models.datasets import find
from tf1_models.datasets import arrays, assemble, batches, cache, folders, tarballs
from tf1_models.datasets.load import read
if sys.argv[2] == 'class-folders':
    from PIL import Image, JpegImagePlugin, PngImagePlugin
def mib(key):
    with open('/proc/self/status') as lines:
        return next(int(line.split()[1]) / 1024 for line in lines if line.startswith(key))
before = mib('VmRSS')
data = read(find.Found(sys.argv[1], sys.argv[2], ()))
print(data.digest, data.order, mib('VmHWM') - before, len(data.y_train), len(data.y_test))
"""


@pytest.mark.skipif(not COPIES, reason=f"${find.ENV} names no folder with CIFAR-10")
def test_one_digest_and_250_mib_in_every_form():
    digests = {}
    for copy in COPIES:
        output = subprocess.check_output([sys.executable, "-c", MEASURE, copy.path, copy.form]).decode().split()
        digests.setdefault(output[0], []).append(copy.path)
        assert output[1] == ("inferred" if copy.form == find.FOLDERS else "official") or copy.form == find.KIT_CACHE
        assert float(output[2]) <= 250, f"{copy.path}: {output[2]} MiB above the imports"
        assert output[3:] == ["50000", "10000"]
    assert len(digests) == 1, digests
