"""A legacy-faithful TF1 graph-mode reproduction kit for five CIFAR-10 reports.

Importing the package imports nothing else. The map is in the README ("The map of the code").
"""

from __future__ import annotations

__version__ = "0.1.0"
