"""The description of the API in OpenAPI 3.1, made from its table of routes, its drafts and its shapes."""
