"""File formats: reading and writing side by side, and a file of any kind as the Circuit that it stands for."""

from lgnc.formats.lgir import from_text, to_text
from lgnc.formats.lift import lift
from lgnc.formats.source import Source, load_source, save_circuit

__all__ = ["Source", "from_text", "lift", "load_source", "save_circuit", "to_text"]
