"""Charts: one file each, four functions on one NamedTuple.

``data()`` gathers plain numbers, ``figure()`` draws them as a Plotly figure, ``table()`` lists the
same numbers, ``sentence()`` says them. Numbers are therefore tested without a browser, and the
table behind a chart cannot tell another story than the picture.
"""
