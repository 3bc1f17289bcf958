"""Predictions, scores, the inference graph, SavedModel."""
