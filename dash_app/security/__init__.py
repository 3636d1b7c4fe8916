"""Who may do what: rights as data, one guard over the whole server, sessions, headers.

Deny by default: a page, a callback or a route that declares no rights stops the start.
"""
