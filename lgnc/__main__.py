"""`python -m lgnc` is the `lgnc` command."""

from lgnc.cli.main import main

main()
