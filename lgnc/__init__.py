"""lgnc: train logic gate networks, compile them to C, numpy, Verilog and ONNX, and check it by proof or by test."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from lgnc.sim.load import load

__version__ = "0.1.0"
__all__ = ["__version__", "load"]


def __getattr__(name: str) -> Any:
    if name != "load":
        raise AttributeError(f"module 'lgnc' has no attribute '{name}'")
    from lgnc.sim.load import load

    return load
