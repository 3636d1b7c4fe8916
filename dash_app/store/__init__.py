"""The store: everything written while serving. The only room that knows SQL."""
