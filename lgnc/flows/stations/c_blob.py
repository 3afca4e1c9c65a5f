"""The station of NAME.bin: read back and proven, run by NAME_blob.c on the most telling rows, and refused when it is
damaged. What is called runs in a process of its own.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np

from lgnc.diagnostics import BadInput
from lgnc.flows.stations.batches import answers, difference, rows_of
from lgnc.flows.stations.c_shim import shim_library
from lgnc.flows.stations.visit import Visit
from lgnc.native import Call, call_apart
from lgnc.readback.blob import read_blob
from lgnc.verify.prove import prove
from lgnc.verify.verdict import Station

_ROWS = 256
_SECONDS = 60.0

_SHIM = """
#include "NAME_blob.h"
void lgnc_blob(const uint8_t *blob, size_t size, uint8_t *workspace, size_t room, const void *rows, size_t n,
    int32_t *scores, int32_t *classes, int32_t *fault);
void lgnc_blob(const uint8_t *blob, size_t size, uint8_t *workspace, size_t room, const void *rows, size_t n,
    int32_t *scores, int32_t *classes, int32_t *fault)
{
    const T *x = rows;
    struct NAME_net net;
    size_t i;
    *fault = NAME_open(&net, blob, size, room);
    for (i = 0; *fault == NAME_blob_GOOD && i < n; i++) {
        NAME_net_scores(&net, workspace, x + i * NAME_FEATURES, scores + i * NAME_CLASSES);
        classes[i] = NAME_net_predict(&net, workspace, x + i * NAME_FEATURES);
    }
}
"""


def blob(visit: Visit) -> Station:
    """The station 'blob'."""
    data = visit.manifest.read(visit.path, f"{visit.name}.bin")
    try:
        made = read_blob(data, visit.circuit, f"{visit.name}.bin")
    except BadInput as error:
        return Station("blob", False, "read", str(error)[:300])
    proven = prove(visit.circuit, made, time_limit=_SECONDS)
    if proven.equal is False:
        return Station("blob", False, proven.how, f"{visit.name}.bin differs at {proven.counterexample}"[:300])
    wrong, damaged = _loader(visit, data)
    told = f"read back and {proven.how}" if proven.equal else "read back, a proof was not found"
    told += f"; {visit.name}_blob.c gives the same on {_ROWS} rows, and refuses {damaged} damaged copies"
    return Station("blob", wrong is None, "tested", wrong or told)


def _loader(visit: Visit, data: bytes) -> tuple[str | None, int]:
    """A line where the C code gives a wrong answer or takes a damaged blob, and how many of these it was given."""
    rows = rows_of(visit, _ROWS)
    right = answers(visit, rows)
    need = int.from_bytes(data[32:36], "little")
    damaged = [data[:at] + bytes([data[at] ^ 16]) + data[at + 1 :] for at in range(0, len(data), len(data) // 40 + 1)]
    damaged += [data[:-1], data + b"\0", b"", data[:84]]
    tries = [(data, need), *([(data, need - 1)] if need else []), *((each, need) for each in damaged)]
    blocks: list[bytes | bytearray] = [rows.tobytes(), bytearray(need + 1)]
    blocks += [bytearray(right[kind].astype(np.int32).nbytes) for kind in ("scores", "predict")]
    with tempfile.TemporaryDirectory(prefix="lgnc-blob-") as place:
        library = shim_library(visit, Path(place), _SHIM, (".h", "_blob.h", "_blob.c"), {})
        calls = []
        for number, (each, room) in enumerate(tries):
            blocks += [each or b"\0", bytearray(4)]
            at = len(blocks) - 2
            count = _ROWS if number == 0 else 0
            arguments = ((at, 0), len(each), (1, 0), room, (0, 0), count, (2, 0), (3, 0), (at + 1, 0))
            calls.append(Call(library, "lgnc_blob", arguments))
        done = call_apart(blocks, calls, where=str(visit.path)).made
    faults = [int.from_bytes(fault, "little") for fault in done[3:]]
    if faults[0] != 0:
        return f"{visit.name}_blob.c refuses {visit.name}.bin: fault {faults[0]}", len(damaged)
    if 0 in faults[1:]:
        return f"{visit.name}_blob.c takes a damaged blob, or one without room", len(damaged)
    for kind, block in (("scores", done[1]), ("predict", done[2])):
        wanted = right[kind].astype(np.int32)
        found = np.frombuffer(block, np.int32).reshape(wanted.shape)
        if wrong := difference(f"{visit.name}_blob.c: {kind}", _ROWS, found, wanted):
            return wrong, len(damaged)
    return None, len(damaged)
