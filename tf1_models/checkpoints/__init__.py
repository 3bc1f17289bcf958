"""Saving, finding and mapping checkpoints, those of foreign programs too.

    saving             a run's own checkpoints: write, commit, restore, prune
    checkpoint_source  which checkpoint a user means, and which run's graph it fills
    bundle             tf.train.Saver V2 files read without TensorFlow, every checksum tested (sstable, slices, crc32c)
    other_formats      V1, SavedModel, frozen graphs, Keras, PyTorch: what a file is and what to do
    foreign            the same in a child with time and memory limits (limited_reader), for files of unknown origin
    name_map           which tensor of a foreign checkpoint fills which variable (name_options: --scope, --rename,
                       --use-averages; name_hints: why one is missing, and the option that mends it)
    savedmodel         export for serving

`tf1_models/stored/` builds on them: the trained weights that the repository carries.
"""
