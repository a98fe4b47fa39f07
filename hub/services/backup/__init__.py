"""Projects as documents, to be kept, moved and compared; and the whole hub as one file."""
