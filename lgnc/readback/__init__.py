"""The text of an emitted file, read back as the Circuit that it computes."""
