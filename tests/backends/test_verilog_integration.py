"""What other flows read of a design: constraints, IP-XACT, VHDL, an ASIC script, a FuseSoC core."""

from __future__ import annotations

import re
import tkinter
from collections.abc import Callable
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from lgnc.backends.artifact import Artifact, Options
from lgnc.backends.verilog.emit import emit
from lgnc.diagnostics import Failed
from lgnc.formats.lift import lift
from lgnc.toolchain import require_tool
from lgnc.toolchain import run as run_tool
from tests.support import needs, random_model

CIRCUIT = lift(random_model(3, features=4, width=20, layers=1, classes=3))
SETTINGS: dict[str, dict[str, Any]] = {
    "net": {},
    "net stream": {"interface": "stream"},
    "net_axis": {"interface": "axis", "beat_width": 12},
    "net_axil": {"interface": "axis", "beat_width": 12, "registers": True},
    "net_serial": {"interface": "serial"},
    "net_board": {"board": "tang-nano-9k"},
    "net_board gatemate": {"board": "gatemate-a1-evb"},
    "net_axis mapped": {"interface": "axis", "family": "xilinx"},
    "net_axis ultrascale": {"interface": "axis", "family": "xilinxup"},
    "net_serial mapped": {"interface": "serial", "family": "xilinx"},
    "net_board ice40": {"board": "hx8k"},
    "net_board portable": {"board": "hx8k", "portable": True},
    "net_axis ecp5": {"interface": "axis", "family": "ecp5"},
}


def made(case: str) -> tuple[Artifact, str]:
    """(files, the top's name)."""
    return emit(CIRCUIT, Options("net", SETTINGS[case])), case.split()[0]


def ports_in(text: str, module: str) -> dict[str, tuple[str, int]]:
    """Port -> (way, width), of the module's own text."""
    head = text[text.index(f"module {module} (") :].split(");")[0]
    found = re.findall(r"(input|output) (?:wire|reg) (?:\[(\d+):0\] )?(\w+)", head)
    return {name: (way.removesuffix("put"), int(high or 0) + 1) for way, high, name in found}


IPXACT = "{http://www.accellera.org/XMLSchema/IPXACT/1685-2014}"


@pytest.mark.parametrize("case", SETTINGS)
def test_ipxact_has_the_ports_of_the_module(case: str) -> None:
    artifact, top = made(case)
    wanted = ports_in(artifact.files[f"{top}.v"].decode(), top)
    tree = ElementTree.fromstring(artifact.files["component.xml"])
    found = {}
    for port in tree.iter(f"{IPXACT}port"):
        name, left = port.findtext(f"{IPXACT}name"), port.findtext(f".//{IPXACT}left")
        found[name] = (port.findtext(f".//{IPXACT}direction"), int(left or 0) + 1)
    assert found == wanted
    files = [each.findtext(f"{IPXACT}name") for each in tree.iter(f"{IPXACT}file")]
    assert set(files) <= set(artifact.files)
    assert f"{top}.v" in files
    buses = {each.findtext(f"{IPXACT}name") for each in tree.iter(f"{IPXACT}busInterface")}
    assert ({"s_axis", "m_axis", "aclk", "aresetn"} <= buses) == (top in ("net_axis", "net_axil"))
    assert ("s_axil" in buses) == (top == "net_axil")
    mapped = [each.text for each in tree.iterfind(f".//{IPXACT}physicalPort/{IPXACT}name")]
    assert set(mapped) <= set(wanted)


def test_every_description_of_the_registers_is_the_map() -> None:
    """IP-XACT, the C header, the manifest and the page have the same registers at the same offsets."""
    artifact, _ = made("net_axil")
    wanted = artifact.details["verilog"]["axil"]["registers"]
    tree = ElementTree.fromstring(artifact.files["component.xml"])
    found = {}
    for row in tree.iter(f"{IPXACT}register"):
        found[row.findtext(f"{IPXACT}name")] = int(row.findtext(f"{IPXACT}addressOffset") or "", 16)
        assert row.findtext(f"{IPXACT}size") == "32"
    assert found == wanted
    text = artifact.files["net_regs.h"].decode()
    header = re.findall(r"#define net_REG_(\w+) 0x([0-9a-f]+)u", text)
    assert {name: int(offset, 16) for name, offset in header} == wanted
    page = (
        (Path(__file__).parents[2] / "docs/targets-verilog.md").read_text().split("## Registers")[1].split("\n## ")[0]
    )
    rows = re.findall(r"^\| `0x([0-9A-F]+)` \| `(\w+)` \|", page, re.MULTILINE)
    assert {name: int(offset, 16) for offset, name in rows} == wanted
    for row in tree.iter(f"{IPXACT}register"):
        for field in row.iter(f"{IPXACT}field"):
            name, low = field.findtext(f"{IPXACT}name"), int(field.findtext(f"{IPXACT}bitOffset") or "")
            if name != "value":
                assert f"#define net_{row.findtext(f'{IPXACT}name')}_{name} {1 << low}u" in text
                assert f"`{name}`" in page
    (block,) = tree.iter(f"{IPXACT}addressBlock")
    assert int(block.findtext(f"{IPXACT}range") or "", 16) == 1 << artifact.details["verilog"]["axil"]["address_bits"]
    assert [each.get("memoryMapRef") for each in tree.iter(f"{IPXACT}memoryMapRef")] == ["s_axil"]


def run_tcl(text: str) -> list[tuple[str, ...]]:
    """The commands of a constraint file, with their words."""
    tcl, noted = tkinter.Tcl(), list[tuple[str, ...]]()
    tcl.createcommand("get_ports", lambda *names: " ".join(names))

    def note(command: str) -> Callable[..., None]:
        return lambda *words: noted.append((command, *words))

    for command in ("create_clock", "set_input_delay", "set_output_delay", "set_false_path", "set_max_delay"):
        tcl.createcommand(command, note(command))
    tcl.eval(text)
    return noted


@pytest.mark.parametrize("case", SETTINGS)
def test_every_port_has_a_constraint(case: str) -> None:
    """The files run in Tcl, whose commands note what they are given."""
    artifact, top = made(case)
    ports = ports_in(artifact.files[f"{top}.v"].decode(), top)
    for ending in ("xdc", "sdc"):
        noted = run_tcl(artifact.files[f"{top}.{ending}"].decode())
        text = " ".join(word for words in noted for word in words)
        assert all(re.search(rf"\b{name}\b", text) for name in ports)
        for command, *words in noted:
            if command in ("set_input_delay", "set_output_delay"):
                way = "in" if command == "set_input_delay" else "out"
                assert all(ports[each.removesuffix("[*]")][0] == way for each in words[-1].split())
        kinds = {command for command, *_ in noted}
        delays = {"create_clock", "set_input_delay", "set_output_delay"}
        wanted = {"net": {"set_max_delay"}, "net_board": {"create_clock", "set_false_path"}}
        assert kinds - {"set_false_path"} == wanted.get(
            top if top == "net_board" else case, delays - ({"set_output_delay"} if "serial" in case else set())
        ) - {"set_false_path"}


@needs("ghdl")
@pytest.mark.parametrize("case", SETTINGS)
def test_vhdl_declares_the_module(case: str, tmp_path: Path) -> None:
    artifact, top = made(case)
    (tmp_path / "c.vhd").write_bytes(artifact.files[f"{top}_component.vhd"])
    ports = ports_in(artifact.files[f"{top}.v"].decode(), top)
    signals = "".join(
        f"  signal s_{name} : {'std_logic' if width == 1 else f'std_logic_vector({width - 1} downto 0)'};\n"
        for name, (_, width) in ports.items()
    )
    maps = ", ".join(f"{name} => s_{name}" for name in ports)
    use = "library ieee;\nuse ieee.std_logic_1164.all;\nuse work.lgnc_components.all;\nentity e is end;\n"
    use += f"architecture a of e is\n{signals}begin\n  u : {top} port map ({maps});\nend;\n"
    (tmp_path / "e.vhd").write_text(use)
    run_tool([require_tool("ghdl"), "-a", "c.vhd", "e.vhd"], cwd=tmp_path)
    (tmp_path / "e.vhd").write_text(use.replace(" port map (", " port map (other => open, "))
    with pytest.raises(Failed):
        run_tool([require_tool("ghdl"), "-a", "c.vhd", "e.vhd"], cwd=tmp_path)


@needs("ghdl")
def test_names_that_vhdl_reserves_are_extended_identifiers(tmp_path: Path) -> None:
    for name in ("signal_", "a__b", "entity"):
        text = emit(CIRCUIT, Options(name)).files[f"{name}_component.vhd"]
        (tmp_path / f"{name}.vhd").write_bytes(text)
        run_tool([require_tool("ghdl"), "-s", f"{name}.vhd"], cwd=tmp_path)
        assert f"\\{name}\\".encode() in text


@needs("yosys")
def test_the_asic_script_counts_cells_and_area(tmp_path: Path) -> None:
    artifact, _ = made("net stream")
    for name, data in artifact.files.items():
        (tmp_path / name).write_bytes(data)
    run_tool([require_tool("yosys"), "-q", "-s", "asic.ys"], cwd=tmp_path)
    report, netlist = (tmp_path / "asic_report.txt").read_text(), (tmp_path / "net_cells.v").read_text()
    cells = {name: int(count) for name, count in re.findall(r"^ +([A-Z]+[0-9]*) +([0-9]+)$", report, re.MULTILINE)}
    assert cells["DFF"] > 10
    library = (tmp_path / "cells.lib").read_text()
    areas = {name: float(area) for name, area in re.findall(r"cell\((\w+)\) \{\s*area : ([\d.]+);", library)}
    assert set(cells) <= set(areas)
    told = re.findall(r"Chip area for .*: ([\d.]+)", report)
    assert float(told[-1]) == pytest.approx(sum(areas[name] * count for name, count in cells.items()))
    assert sum(cells.values()) == len(re.findall(r"^  [A-Z]+[0-9]* \S+ \($", netlist, re.MULTILINE))


@pytest.mark.parametrize("case", SETTINGS)
def test_the_core_has_a_name_and_its_targets_files(case: str) -> None:
    artifact, top = made(case)
    text = artifact.files["net.core"].decode()
    assert "name: lgnc:nets:net:1.0.0" in text
    files = set(re.findall(r"\b[\w]+\.(?:v|hex|xdc|sdc)\b", text))
    assert files <= set(artifact.files)
    assert f"{top}.v" in files
    assert ("sim_axis:" in text, "sim_serial:" in text) == (
        top in ("net_axis", "net_axil"),
        top in ("net_serial", "net_board"),
    )
    for target in ("sim:", "lint:", "ice40:", "ecp5:", "vivado:", "quartus:"):
        assert f"\n  {target}" in text


@pytest.mark.parametrize("case", SETTINGS)
def test_flows_read_the_same_sources_and_those_of_the_family_the_mapped_form(case: str) -> None:
    artifact, top = made(case)
    text = {path: data.decode() for path, data in artifact.files.items()}
    sources = re.search(r"^SOURCES = (.+)$", text["Makefile"], re.MULTILINE)
    assert sources
    portable = sources[1].split()
    assert (portable[0], portable[-1]) == ("net.v", f"{top}.v")
    tree = ElementTree.fromstring(text["component.xml"])
    assert [each.findtext(f"{IPXACT}name") for each in tree.iter(f"{IPXACT}file")] == portable
    family = "ice40" if case == "net_board ice40" else SETTINGS[case].get("family")
    read = {
        each: [f"net_{each}.v" if part == "net.v" and family == each else part for part in portable]
        for each in ("xilinx", "xilinxup", "ice40", "ecp5", "gowin", "gatemate")
    }
    assert f"\nread_verilog {' '.join(portable)}\n" in f"\n{text['asic.ys']}"
    for each, parts in read.items():
        assert f"read_verilog {' '.join(parts)}\n" in text[f"synth_{each}.ys"]
    wanted = read["xilinxup" if family == "xilinxup" else "xilinx"]
    own = " ".join(wanted)
    assert f"read_verilog {{{own}}}\n" in text["vivado.tcl"]
    assert ("xczu3eg" if family == "xilinxup" else "xc7a100t") in text["vivado.tcl"]
    pynq = f"add_files {{{' '.join(read['xilinx'])}}}\n"
    assert pynq in text.get("pynq_z2.tcl", pynq)
    filesets, targets = text["net.core"].split("\ntargets:\n")
    assert f"  rtl:\n    files: [{', '.join(portable)}]\n" in filesets
    for each, parts in (("xilinx", wanted), ("ice40", read["ice40"]), ("ecp5", read["ecp5"])):
        assert f"  {each}:\n    files: [{', '.join(parts)}]\n" in filesets
        target = "vivado" if each == "xilinx" else each
        assert re.search(rf"  {target}:\n(    .+\n)*    filesets: \[{each}[],]", targets)
    if case == "net_board ice40":
        assert "\nnet_board.bin: net_ice40.v net_serial.v net_board.v net.pcf\n" in text["Makefile"]
    assert re.search(r"  vivado:\n(    .+\n)*    filesets: \[xilinx, xdc\]\n", targets)
