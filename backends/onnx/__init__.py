"""The ONNX target. See docs/targets-onnx.md."""
