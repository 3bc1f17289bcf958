"""CIFAR-10 in every form it has on disk, the embedded digits, their splits and one digest for all of them.

Start at `load.load`. One module per form (`batches`, `pickles`, `tarballs`, `folders`, `arrays`, `digits`, `cache`);
`find` looks for a copy by names alone, `identify` says which copy it is, `download` fetches the official archives.
"""
