"""One file per page, named as the page: inputs, one service, components.

Each module has ``register(app)``, which hands its functions to ``app.callback(..., roles=...)``. A function
turns the untyped values of the browser into typed ones, asks one service, and returns what the page draws.
"""
