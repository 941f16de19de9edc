"""The page and its HTTP API (`pip install "inkdigits[web]"`).

In: a picture in a request. Out: what was read in it as JSON, or an error with a proper status.
"""

import os
import sys

SHARED_FOLDER = "PROMETHEUS_MULTIPROC_DIR"
"""prometheus_client's variable: several processes count in the folder that it names, if it is set
before that is imported, and each answers with the sum of all."""

if os.environ.get(SHARED_FOLDER) == "" and "prometheus_client" not in sys.modules:
    del os.environ[SHARED_FOLDER]  # which it would take for the folder that it is started in
