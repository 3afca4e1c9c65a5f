"""Reading Verilog back: equal to what was written, faults seen, and everything else refused with its line."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from lgnc.backends.artifact import Options
from lgnc.backends.verilog.emit import emit
from lgnc.diagnostics import BadInput
from lgnc.formats import lift
from lgnc.ir import Circuit, Encoder, Head
from lgnc.passes.lower_head import lower_head
from lgnc.readback.verilog import circuit_from_verilog, of_ports, over_bits, over_features, read_back
from lgnc.verify.prove import prove
from tests.arithmetic.test_head import outputs_of
from tests.support import random_circuit, random_features, random_model


def text_of(circuit: Circuit, **settings: Any) -> str:
    return emit(circuit, Options("net", settings)).files["net.v"].decode()


@pytest.mark.parametrize("dtype", ["bool", "uint8", "int8", "int16", "uint16", "int32", "int64"])
@pytest.mark.parametrize("outputs", ["both", "class"])
def test_what_was_written_is_read_and_proven(dtype: str, outputs: str) -> None:
    circuit = lift(random_model(5, dtype=dtype, layers=2))
    read = circuit_from_verilog(text_of(circuit, outputs=outputs))
    lowered = lower_head(circuit, outputs)
    x = random_features(circuit, 1000)
    assert (outputs_of(read, x) == outputs_of(lowered, x)).all()
    assert read.encoder.dtype == dtype
    assert len(read.encoder.names) == len(circuit.encoder.names)
    verdict = prove(lowered, read)
    assert verdict.equal is True
    assert verdict.how in ("proven", "exhaustive")


def test_circuits_without_a_head() -> None:
    circuit = random_circuit(8, outputs=15)
    read = circuit_from_verilog(text_of(circuit))
    x = random_features(circuit, 500)
    assert (outputs_of(read, x) == outputs_of(circuit, x)).all()
    assert prove(circuit, read).equal is True


def test_every_single_flipped_gate_is_seen() -> None:
    """A fault in the gates, the popcount or the argmax is refuted, or proven harmless."""
    circuit = lift(random_model(1, features=8, thresholds=1, layers=1, width=24, classes=3, dtype="uint8"))
    text = text_of(circuit)
    lowered = lower_head(circuit, "both")
    seen = 0
    places = [m.start() for m in re.finditer(r" \^ ", text)][::7]
    for place in places:
        read = circuit_from_verilog(text[:place] + " | " + text[place + 3 :])
        verdict = prove(lowered, read)
        assert verdict.equal is not None
        seen += verdict.equal is False
    assert seen > len(places) // 2


def test_a_shifted_threshold_is_seen() -> None:
    circuit = lift(random_model(1, dtype="int16"))
    text = text_of(circuit)
    comparison = re.search(r"f(\d+)_gt_(\d+) = f\d+ > 16'sd(\d+);", text)
    assert comparison is not None
    planted = text.replace(comparison[0], comparison[0].replace(f"sd{comparison[3]}", f"sd{int(comparison[3]) + 1}"))
    assert prove(lower_head(circuit, "both"), circuit_from_verilog(planted)).equal is False


def one(body: str, ports: str = "input [7:0] x, output y") -> str:
    return f"module top({ports});\n{body}\nendmodule\n"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("not verilog", "does not parse"),
        ("", "does not parse|expected one top"),
        (one("assign y = x[0] ;") * 2, "defined twice"),
        (one("assign y = x[0];") + one("assign y = x[1];").replace("top", "two"), "one top module, found top, two"),
        (one("assign y = x[9];"), "not a part of 8 bits"),
        (one("assign y = x[0] + x[1];"), "'Plus' is not read back"),
        (one("assign y = x;"), "8 bits are assigned"),
        (one("assign y = z;"), "'z' has no value"),
        (one("wire a = b; wire b = a; assign y = a;"), "form a cycle"),
        (one("assign y = x[0]; assign y = x[1];"), "driven twice"),
        (one("assign x = 8'd1; assign y = x[0];"), "'x' is driven twice"),
        (one(""), "output 'y' is not driven"),
        (one("reg r; always @(x) r = x[0]; assign y = r;"), "is not read back"),
        (one("assign y = x > 8'sd3;"), "mixes signed"),
        (one("assign y = x > 9'd3;"), "constant of its width"),
        (one("assign y = x[3:0] > 4'd3;"), "not a row of features of 4 bits"),
        (one("assign y = x[7:0] > 8'd300;"), "does not fit its width"),
        (one("wire [7:0] k = ~x; assign y = k[0];"), "single bits"),
        (one("sub s(.a(x[0]), .b(y));"), "module 'sub' is not in this file"),
        (one("wire [0:3] k; assign y = x[0];"), "only \\[n:0\\]"),
        (one("assign y[0] = x[0];"), "part of a vector"),
        ("`define FAST\n" + one("assign y = x[0];"), "directive '`define' is not read back"),
        (one("`ifdef FAST\nassign y = x[0];\n`else\nassign y = x[1];\n`endif"), "directive '`ifdef'"),
        (one("assign y = `BIT;"), "directive '`BIT'"),
        (one("assign y = a;", "input [7:0] x, input a, output y"), "has 2 inputs"),
        (one("parameter P = 3; assign y = x[0];"), "is not read back"),
        (one("assign y = " + "~" * 5000 + "x[0];"), "too deeply|does not parse"),
    ],
)
def test_what_is_refused(text: str, message: str) -> None:
    with pytest.raises(BadInput, match=message) as caught:
        circuit_from_verilog(text, "file.v")
    assert "file.v" in caught.value.where


@pytest.mark.parametrize("settings", [{"stages": 2}, {"stages": 9, "outputs": "class"}, {"pipeline_depth": 4}], ids=str)
def test_pipelines_are_read_without_their_registers(settings: dict[str, Any]) -> None:
    circuit = lift(random_model(5, dtype="int16"))
    read = circuit_from_verilog(text_of(circuit, **settings))
    assert prove(lower_head(circuit, str(settings.get("outputs", "both"))), read).equal is True


@pytest.mark.parametrize(
    ("was", "planted", "message"),
    [
        (r"(\w+_r1) <= (g\d+_\d+);", r"\1 <= \2_r1;", "form a cycle|different pipeline stages|has no value"),
        (r"(= g\d+_\d+)_r1 ", r"\1 ", "different pipeline stages"),
        (r"posedge clk\) begin", "posedge clk) if (clk) begin", "differ in clock or enable"),
        (r"posedge clk\) begin", "negedge clk) begin", "clock, an enable or a handshake|is not"),
        (r"wire (g1_0) = [^;]*;", r"wire \1 = clk;", "reads a clock, an enable or a handshake"),
        (r"store\[head\] <= made", "store[head] <= ~made", "clock, an enable or a handshake"),
        (r"held <= store\[tail\]", "held <= {held[0], store[tail][22:1]}", "clock, an enable or a handshake"),
        (r"result = held", "result[0] = held[0]", "part of a vector"),
        (r"if \(load\) held <= store\[tail\];", "if (load) held <= room;", "clock, an enable or a handshake"),
        (r"result = held", "result = held[tail]", "clock, an enable or a handshake"),
        (r"held <= store\[tail\]", "held[tail] <= store[tail]", "clock, an enable or a handshake"),
        (r"store\[head\] <= made", "store[head] <= made[head]", "clock, an enable or a handshake"),
        (r"(if \(load\) held <=)", r"if (rst) held = 23'd0; \1", "clock, an enable or a handshake"),
        (
            r"(if \(load\)) (held <= store\[tail\];)",
            r"\1 begin : b reg [22:0] held; \2 end",
            "clock, an enable or a|is not",
        ),
        (r"(  wire take = in_valid)", r"  net_popcount beside ();\n\1", "an instance in 'net_control'"),
    ],
    ids=[
        "a register of a register",
        "a register skipped",
        "an enable",
        "another edge",
        "logic on the clock",
        "a queue that inverts",
        "a queue that shifts",
        "a part of the queue",
        "another word",
        "a bit of the queue's word",
        "a bit of the word that is held",
        "a bit of the word that goes in",
        "a word that is cleared at once",
        "a register of a block's own",
        "an instance beside the queue",
    ],
)
def test_faulty_pipelines_are_refused(was: str, planted: str, message: str) -> None:
    text = text_of(lift(random_model(5, dtype="int16")), stages=9)
    faulty = re.sub(was, planted, text, count=1)
    assert faulty != text
    with pytest.raises(BadInput, match=message):
        circuit_from_verilog(faulty)


def test_pipelines_under_one_enable_are_read() -> None:
    """As earlier versions wrote them."""
    body = """input wire clk, input wire rst, input wire in_valid, output wire in_ready, output wire out_valid,
      input wire out_ready, input wire [1:0] x, output wire y"""
    text = one(
        """reg valid, g_r1;
        wire en = out_ready | ~valid;
        wire g = x[0] & x[1];
        assign in_ready = en & ~rst;
        assign out_valid = valid;
        assign y = g_r1;
        always @(posedge clk) if (rst) valid <= 1'b0; else if (en) valid <= in_valid;
        always @(posedge clk) if (en) begin g_r1 <= g; end""",
        body,
    )
    with pytest.raises(BadInput, match="is not read back"):
        circuit_from_verilog(text)
    control = one(
        "wire en = out_ready; wire g = x[0] & x[1]; assign y = g_r1; reg g_r1; assign in_ready = en;"
        "assign out_valid = en; always @(posedge clk) if (en) begin g_r1 <= g; end",
        body,
    )
    read = circuit_from_verilog(control)
    assert outputs_of(read, np.array([[0, 1], [1, 1]], np.bool_)).tolist() == [[False], [True]]


def test_float_networks_get_their_encoder_back() -> None:
    circuit = lift(random_model(2, dtype="float32"))
    read = over_bits(circuit_from_verilog(text_of(circuit)), circuit.encoder)
    assert prove(circuit, read).equal is True
    with pytest.raises(BadInput, match="takes 36 inputs, not the 30 bits"):
        over_bits(circuit_from_verilog(text_of(circuit)), lift(random_model(2, features=10, dtype="float32")).encoder)


@pytest.mark.parametrize("features", [0, 1, 3])
@pytest.mark.parametrize("dtype", ["bool", "uint8", "int64", "float32"])
@pytest.mark.parametrize("head", [False, True])
def test_circuits_that_read_none_of_their_input(features: int, dtype: str, head: bool) -> None:
    names = tuple(f"x{k}" for k in range(features))
    encoder = Encoder(names, dtype, np.zeros(0, np.int32), np.zeros(0, np.int64))
    op, pins, outputs = np.array([15], np.uint8), np.zeros(1, np.int32), np.array([0, 1], np.int32)
    form = Head(("a", "b", "c"), np.array([0, 0, 1, 2]), np.array([0, 1, -1])) if head else None
    circuit = Circuit(encoder, op, pins, pins, outputs, form, () if head else ("y", "z"))
    read = over_features(circuit_from_verilog(text_of(circuit)), encoder)
    assert prove(lower_head(circuit, "both"), read).equal is True
    wrong = circuit.with_(outputs=outputs[::-1], head=None, output_names=("y", "z"))
    if not head:
        assert prove(wrong, read).equal is False
    seven = read.with_(encoder=replace(read.encoder, names=tuple(f"p{k}" for k in range(7))))
    with pytest.raises(BadInput, match="bits, not the"):
        over_features(seven, encoder)


def test_features_are_those_of_the_input_in_order_whatever_they_are_called() -> None:
    circuit = lift(random_model(2, features=2, thresholds=6, dtype="uint8"))
    other = replace(circuit.encoder, names=("f1", "f0"))
    read = over_features(circuit_from_verilog(text_of(circuit)), other)
    assert read.encoder.names == ("f1", "f0")
    assert prove(circuit.with_(encoder=other), read).equal is True
    turned = replace(read.encoder, feature=1 - read.encoder.feature)
    assert prove(circuit.with_(encoder=other), read.with_(encoder=turned)).equal is False


def test_what_is_compared_as_another_type_is_refused(tmp_path: Path) -> None:
    """Types have values in common, on which the text may well be the circuit."""
    circuit = lift(random_model(2, features=2, thresholds=8, dtype="int8"))
    circuit = circuit.with_(outputs=circuit.outputs[:1], head=None, output_names=("y",))
    text = "module net(input wire [15:0] x, output wire [0:0] outputs);\n  assign outputs = x > 16'd3;\nendmodule\n"
    with pytest.raises(BadInput, match="features of uint16, not of int8"):
        over_features(circuit_from_verilog(text), circuit.encoder)
    (tmp_path / "net.v").write_text(text.replace("x > 16'd3", "x[0] & ~x[1]"))
    with pytest.raises(BadInput, match="compares bits, not features of int8"):
        read_back(tmp_path, "net", circuit)


def test_ports_of_other_names_or_widths_are_refused() -> None:
    """The same bits in a row, the first of the scores in the port of the class."""
    circuit = lift(random_model(2, dtype="uint8"))
    read = circuit_from_verilog(text_of(circuit))
    assert of_ports(read, circuit, "net.v") is read
    index = sum(name.startswith("class") for name in read.output_names)
    rest = len(read.output_names) - index - 1
    names = [f"class_{k}" for k in range(index + 1)] + [f"scores_{k}" for k in range(rest)]
    with pytest.raises(BadInput, match=f"{index + 1} bits of 'class'"):
        of_ports(read.with_(output_names=tuple(names)), circuit, "net.v")
    called = tuple(name.replace("scores", "counts") for name in read.output_names)
    with pytest.raises(BadInput, match="bits of 'counts'"):
        of_ports(read.with_(output_names=called), circuit, "net.v")
    moved = read.with_(output_names=read.output_names[index:] + read.output_names[:index])
    assert prove(circuit, over_features(moved, circuit.encoder)).equal is True
    assert prove(circuit, over_features(of_ports(moved, circuit, "net.v"), circuit.encoder)).equal is False
    bare = random_circuit(8, outputs=15)
    read = circuit_from_verilog(text_of(bare))
    assert of_ports(read, bare, "net.v") is read


@pytest.mark.parametrize("dtype", ["int8", "int16", "int32", "int64"])
def test_the_lowest_and_the_highest_threshold_of_a_type(dtype: str) -> None:
    low, high = int(np.iinfo(dtype).min), int(np.iinfo(dtype).max)
    threshold = np.array([low, low + 1, -1, 0, high - 1], np.int64)
    encoder = Encoder(("x",), dtype, np.zeros(5, np.int32), threshold)
    none = np.zeros(0, np.int32)
    names = tuple(f"o{k}" for k in range(5))
    circuit = Circuit(encoder, none.astype(np.uint8), none, none, 2 * np.arange(5, dtype=np.int32), None, names)
    read = circuit_from_verilog(text_of(circuit))
    assert sorted(read.encoder.threshold.tolist()) == threshold.tolist()
    x = np.array([[low], [low + 1], [-1], [0], [1], [high - 1], [high]], dtype)
    assert (outputs_of(read, x) == outputs_of(circuit, x)).all()
