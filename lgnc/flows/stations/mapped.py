"""A design in an FPGA's own cells: its text read back cell by cell, and proven to be the circuit."""

from __future__ import annotations

from lgnc.arithmetic.encoder import encoder_circuit, lower_encoder
from lgnc.backends.verilog.coded import Coding
from lgnc.backends.verilog.mapped import mapped_lemma
from lgnc.diagnostics import BadInput
from lgnc.flows.stations.function import READ_BACK_GATES
from lgnc.flows.stations.visit import Visit
from lgnc.ir.circuit import Circuit
from lgnc.readback.verilog import circuit_from_verilog, of_ports, over_bits, over_features
from lgnc.verify.prove import prove
from lgnc.verify.verdict import Station, Verdict, not_checked

NAME = "mapped form"
_SECONDS = 60.0


def mapped_text(visit: Visit, family: str, ports: int, longest: object, coded: Coding | None = None) -> Station:
    """Whether `NAME_FAMILY.v` is the circuit; ports: how many outputs it has; longest: of its chains, as told.
    coded: how a wrapper compares beats, if it does: then `NAME_lanes` must do that, and `NAME_coded` be the circuit
    behind it.
    """
    if visit.circuit.gates > READ_BACK_GATES:
        return not_checked(NAME, f"more than {READ_BACK_GATES:,} gates are not read back")
    file = f"{visit.name}_{family}.v"
    text = visit.manifest.read(visit.path, file).decode(errors="replace")
    try:
        read = of_ports(circuit_from_verilog(text, file, visit.name), visit.circuit, file)
        read = over_features(read, visit.circuit.encoder)
        places = longest if type(longest) is int and longest > 1 else None
        verdict = prove_mapped(visit.circuit, read, family, ports, places)
        if verdict.equal and coded is not None:
            read = of_ports(circuit_from_verilog(text, file, f"{visit.name}_coded"), visit.circuit, file)
            read = over_bits(read, coded.comparisons(visit.circuit.encoder))
            behind = prove_mapped(visit.circuit, read, family, ports, places)
            lanes = over_features(circuit_from_verilog(text, file, f"{visit.name}_lanes"), coded.lanes)
            compared = prove(encoder_circuit(coded.lanes), lanes, time_limit=_SECONDS)
            verdict = next((each for each in (behind, compared) if not each.equal), verdict)
    except BadInput as error:
        return Station(NAME, False, "read", str(error))
    if verdict.equal is False:
        return Station(NAME, False, "proven", f"{file} differs at {verdict.counterexample}")
    if verdict.equal is None:
        return not_checked(NAME, f"a proof of {file} was not found: {verdict.detail}")
    return Station(NAME, True, verdict.how, f"{file}, read back from its text cell by cell")


def prove_mapped(
    circuit: Circuit, read: Circuit, family: str, ports: int = 1, longest: int | None = None, seconds: float = _SECONDS
) -> Verdict:
    """Whether what was read back from a mapped form is the circuit, with its class, its scores or both (two ports).

    The cells are made from gates whose adders the prover takes apart; these gates are a step between both, of which
    only what it proves is used. longest: places of the cells' chains at most, where they were asked to be shorter.
    """
    lemma = mapped_lemma(circuit, family, longest)
    first = prove(circuit, lemma, time_limit=seconds)
    step = _shown(lemma, read, circuit, ports) if first.equal else circuit
    if step.encoder.dtype not in ("bool", read.encoder.dtype) and not step.encoder.is_float:
        step = lower_encoder(step)  # Its comparisons are cells too, over the bits of the features.
    return prove(step, read, time_limit=seconds)


def _shown(lemma: Circuit, read: Circuit, circuit: Circuit, ports: int) -> Circuit:
    """The lemma with the outputs that the text has."""
    if circuit.head is None or ports > 1:
        return lemma
    classes = read.output_names[0].startswith("class")
    chosen = [k for k, name in enumerate(lemma.output_names) if name.startswith("class") == classes]
    names = tuple(lemma.output_names[k] for k in chosen)
    return lemma.with_(outputs=lemma.outputs[chosen], output_names=names)
