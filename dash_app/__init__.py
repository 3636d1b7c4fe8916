"""The server: factory, settings, security, store, services, REST API, languages, shared parts.

It imports ``model`` and knows no page by name; ``wsgi.py`` hands it the pages.
"""
