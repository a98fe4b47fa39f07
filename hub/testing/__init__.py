"""The public test kit: what plugins and the core test themselves with."""
