"""The JSON API: the wire's routes, and what is new beside them."""
