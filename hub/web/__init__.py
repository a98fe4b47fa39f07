"""The web edge: parses requests, calls services, formats answers."""
