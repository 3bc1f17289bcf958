"""WHERE IS THE GRAPH? One module per report; `parts/` is what they are built from.

Each `build` adds ops to the current graph and nothing else.
"""
