"""Windows and features of sensor streams, in the integers that `lgnc_features.h` computes on a microcontroller."""

from lgnc.features.stream import bins, crossings, deviation, header, maximum, mean, minimum, windows

__all__ = ["bins", "crossings", "deviation", "header", "maximum", "mean", "minimum", "windows"]
