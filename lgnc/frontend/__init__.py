"""From a file of any kind that holds a network to the Circuit it stands for."""

from lgnc.frontend.lift import lift

__all__ = ["lift"]
