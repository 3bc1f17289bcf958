"""`runs/` the queue, `verdicts/` the rules, `page/` what is shown.

`reproduce` and `report`: every reported number gets a verdict. TensorFlow-free; only child processes train.

queue.py      which runs, in which folders, what is done      task.py, child.py   one run in a process of its own
cost.py       seconds from measured speeds                    local_engine.py, dask_engine.py   who runs the tasks
configuration.py   when two names are one computation         sweep.py, display.py   signals, bars, lines
finished.py, folders.py, records.py   finished runs: from run folders, from records.json
intervals.py, noise.py, verdict.py, families.py, claims.py, chance.py   the statistics, declared in verdict.py
explanations.py, readings.py   what else would give a number; a quirk and its other reading side by side
gathered.py, summary.py   a row's draws; one document out of all that
tables.py, charts.py, overview.py, results_page.py with results.html.j2, writing.py   its renderings
"""
