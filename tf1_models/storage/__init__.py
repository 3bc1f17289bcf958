"""Files never half-written, sealed documents, bounded reading of foreign bytes."""
