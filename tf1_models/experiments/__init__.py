"""WHERE ARE THE HYPER-PARAMETERS? One module per report, rows in the report's order.

Its stem is that of the report's graph in `graphs/`.
"""
