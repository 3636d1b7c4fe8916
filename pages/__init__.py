"""One file per page: what it shows, drawn from plain values. No callback, no query.

Each module has ``PAGE`` (its path, the roles that may open it, its title), ``Ids`` (names of its components,
the page's name first) and ``layout``. What moves on it is in ``callbacks``, in the file of the same name.
"""
