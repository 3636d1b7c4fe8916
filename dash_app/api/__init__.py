"""The REST API: routes, schemas, problems, the OpenAPI document and its page."""
