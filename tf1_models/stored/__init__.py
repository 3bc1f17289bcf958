"""Stored checkpoints: trained weights of the reports, what they compute on a fixed batch, and the check against it."""
