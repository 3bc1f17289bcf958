"""The programs that are measured: each runs in a process of its own, perhaps in another interpreter, and needs nothing
of the kit but `protocol` (NumPy and its own framework apart). `kit_loop` and `kit_graph` are the kit itself."""
