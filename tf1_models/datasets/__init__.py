"""Every on-disk form of CIFAR-10, digits, splits, digest.

Start at `load.load`. One module per form (`batches`, `pickles`, `tarballs`, `folders`, `arrays`, `digits`, `cache`);
`find` looks for a copy by names alone, `identify` says which copy it is, `download` fetches the official archives.
"""
