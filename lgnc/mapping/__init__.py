"""Look-up tables: which K-input tables a circuit takes, and what its parts cost."""
