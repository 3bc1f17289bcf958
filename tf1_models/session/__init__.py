"""How TensorFlow is imported and its Sessions are set up."""
