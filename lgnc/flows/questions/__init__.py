"""Questions to a network, one module for each kind: what `lgnc ask` asks."""
