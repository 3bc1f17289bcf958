"""Reading what students hand in, bounded, never run: archives, arrays, text, JSON, alignment to the key."""
