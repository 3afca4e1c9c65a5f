"""From a file of any kind that holds a network to the Circuit it stands for."""

from lgnc.frontend.lift import lift
from lgnc.frontend.source import Source, load_source

__all__ = ["Source", "lift", "load_source"]
