"""A SoC of LiteX with the cores of a folder, without a processor: its Wishbone bus is the module's ports.

`python litex_soc.py FOLDER NAME ...` writes `soc.v`, and `soc.json` with its sources, CSRs and memories. The streams of
each core are its CSRs; `error` of the first one is a CSR too.
"""

import importlib
import json
import sys
from pathlib import Path
from typing import Any

from litex.build.generic_platform import Pins, Subsignal
from litex.build.sim import SimPlatform
from litex.soc.integration.export import get_csr_json
from litex.soc.integration.soc import SoCRegion
from litex.soc.integration.soc_core import SoCMini
from litex.soc.interconnect import wishbone
from litex.soc.interconnect.csr import CSRStorage
from migen import ClockDomain, If

_WIDTHS = {"adr": 30, "dat_w": 32, "dat_r": 32, "sel": 4, "cti": 3, "bte": 2}
_WIDTHS |= dict.fromkeys(("cyc", "stb", "ack", "we", "err"), 1)
PINS = [
    ("clk", 0, Pins(1)),
    ("rst", 0, Pins(1)),
    ("bus", 0, *(Subsignal(each, Pins(width)) for each, width in _WIDTHS.items())),
]


def soc_of(platform: Any, names: list[str]) -> Any:
    soc = SoCMini(platform, clk_freq=1_000_000)
    soc.clock_domains.cd_sys = domain = ClockDomain("sys")
    soc.comb += [domain.clk.eq(platform.request("clk")), domain.rst.eq(platform.request("rst"))]
    master = wishbone.Interface(data_width=32, address_width=32, addressing="word")
    soc.comb += master.connect_to_pads(platform.request("bus"), mode="slave")
    soc.bus.add_master("outside", master)
    for name in names:
        net = importlib.import_module(f"{name}_litex").Net(platform)
        net.add_csr()
        setattr(soc, name, net)
        if hasattr(net, "bus"):
            soc.bus.add_slave(name, net.bus, SoCRegion(origin=0x8000_0000, size=0x1000, cached=False))
    first = getattr(soc, names[0])
    first.error = CSRStorage(1)
    soc.comb += If(first.error.storage, first.sink.error.eq(1))
    return soc


folder, names = Path(sys.argv[1]), sys.argv[2:]
sys.path.insert(0, str(folder))
platform = SimPlatform("SIM", PINS)
soc = soc_of(platform, names)
soc.finalize()
platform.get_verilog(soc, name="soc").write(str(folder / "soc.v"))
facts = json.loads(get_csr_json(soc.csr_regions, {}, soc.mem_regions))
(folder / "soc.json").write_text(json.dumps({**facts, "sources": [file for file, *_ in platform.sources]}))
