"""Intervals, paired tests, ranks within noise, duplicates."""
