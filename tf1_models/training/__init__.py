"""The loop and what it runs: steps, optimizers, schedules, stopping, run folders, results."""
