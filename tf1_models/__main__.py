"""`python -m tf1_models`."""

from __future__ import annotations

import sys

from tf1_models.cli import main

if __name__ == "__main__":
    sys.exit(main())
