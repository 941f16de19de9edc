"""The web room: the page and its HTTP API (`pip install "inkdigits[web]"`)."""
