"""What `lgnc verify` asks about a compiled folder, one station after the other, each with its own word."""
