"""Any number of pictures, read on all cores or on a cluster, into one file.

In: names of pictures. Out: a file with a row for each, which says what was read or why nothing was.
"""
