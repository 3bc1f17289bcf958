"""WHERE IS THE LOOP? `loop.py`, one Session loop in reading order, and what it runs.

Steps, optimizers, schedules, stopping, run folders, results.
"""
