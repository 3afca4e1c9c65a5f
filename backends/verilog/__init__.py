"""The Verilog target. See docs/targets-verilog.md."""
