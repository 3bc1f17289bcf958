"""`bench`: this kit beside its peers in one run, interleaved; every measurement runs in a child process."""
