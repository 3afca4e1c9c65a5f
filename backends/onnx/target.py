"""What the ONNX target is. It has no settings."""

from __future__ import annotations

from lgnc.backends.target import Engine, NoSettings, Target

TARGET = Target(
    "onnx",
    NoSettings,
    "lgnc.backends.onnx.emit",
    endings=(".onnx",),
    engines=(Engine("onnxruntime", packages=("onnxruntime",)),),
    loadable=True,
    read_back=True,
)
