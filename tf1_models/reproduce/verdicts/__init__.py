"""From finished runs to verdicts: the rules are declared in `verdict`."""
