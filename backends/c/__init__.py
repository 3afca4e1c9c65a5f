"""The C target. See docs/targets-c.md."""
