"""The intermediate representation: gates, circuits, their order, their meaning and their text."""

from lgnc.ir.check import check
from lgnc.ir.circuit import Circuit, Encoder, Head
from lgnc.ir.graph import to_networkx
from lgnc.ir.order import in_order
from lgnc.ir.simulate import simulate
from lgnc.ir.text import from_text, to_text

__all__ = ["Circuit", "Encoder", "Head", "check", "from_text", "in_order", "simulate", "to_networkx", "to_text"]
