"""Who handed in what: student ids, roster, repeated hand-ins, anonymous names."""
