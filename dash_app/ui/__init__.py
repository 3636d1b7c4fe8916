"""The frame and the shared parts of every screen: plain functions that return Dash components.

``shell`` is the frame around the pages, ``parts`` the pieces that pages are made of, ``states`` what a screen
shows when all is not well, ``tokens`` the colours of ``assets/ux.css`` for the charts, ``document`` the HTML
page that Dash is poured into.
"""
