"""The packed CPU engine and its numba kernels."""
