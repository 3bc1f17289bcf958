"""What the five graphs are built from: layers, losses, random ops, and the handles that `build` returns."""
