"""WHERE IS THE GRAPH? One module per report; each `build` adds ops to the current graph and nothing else."""
