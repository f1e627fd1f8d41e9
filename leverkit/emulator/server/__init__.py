"""HTTP around the endpoints: routes, admission, OAuth, control API, status page, OpenAPI description."""
