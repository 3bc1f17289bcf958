"""The queue of runs: tasks, engines, costs."""
