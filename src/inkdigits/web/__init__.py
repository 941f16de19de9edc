"""The page and its HTTP API (`pip install "inkdigits[web]"`).

In: a picture in a request. Out: what was read in it as JSON, or an error with a proper status.
"""
