"""The numpy target. See docs/targets-numpy.md."""
