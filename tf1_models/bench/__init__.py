"""`bench`, beside its peers; `peers/` are the measured programs.

One run, interleaved; every measurement runs in a child process.
"""
