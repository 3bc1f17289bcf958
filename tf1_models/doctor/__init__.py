"""`doctor`, what a machine has and lacks.

What is installed, which devices TensorFlow really uses, what is missing and the command that mends it.
"""
