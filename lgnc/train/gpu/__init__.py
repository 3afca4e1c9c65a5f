"""The engine for CUDA devices, in Triton."""
