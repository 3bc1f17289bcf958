"""Which scores a trained graph gets: predictions, the inference graph, SavedModel."""
