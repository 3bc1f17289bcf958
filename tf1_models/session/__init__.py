"""The one import of TensorFlow, its Session settings, precision."""
