"""lgnc: train logic gate networks, compile them to C, numpy, Verilog and ONNX, and prove what was compiled."""

__version__ = "0.1.0"
