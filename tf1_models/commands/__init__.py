"""One module per verb, found by `cli.py`.

Each has `add_arguments(parser)` and `run(args) -> exit code`; heavy imports happen inside `run`.
"""
