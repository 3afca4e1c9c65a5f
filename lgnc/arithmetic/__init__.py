"""Arithmetic as gates: popcount and argmax, the adders and comparers that they are made of, and the encoder."""
