"""What people say of readings, and what is learned from it.

In: corrections, as any data set of labelled pictures. Out: a candidate that was fine-tuned on them,
what the gate says of it, and versions of which one is promoted.
"""
