"""Stored weights and what they are held to.

What the trained weights of the reports compute on a fixed batch, and the check against it.
"""
