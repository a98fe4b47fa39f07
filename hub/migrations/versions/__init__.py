"""One file per step, oldest first, the same for every database. Written by `hub db new`, then read by a person."""
