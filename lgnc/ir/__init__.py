"""The intermediate representation: gates, circuits, their order and their meaning."""

from lgnc.ir.check import check
from lgnc.ir.circuit import Circuit, Encoder, Head
from lgnc.ir.order import in_order
from lgnc.ir.simulate import simulate

__all__ = ["Circuit", "Encoder", "Head", "check", "in_order", "simulate"]
