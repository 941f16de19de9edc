"""The recognition room: the two model files at work, and from what they give to a text."""
