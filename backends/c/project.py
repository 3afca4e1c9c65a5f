"""What stands beside NAME.h and NAME.c: a test of golden vectors, and files for make, CMake, Arduino and others."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lgnc.backends.c.golden import Golden
from lgnc.backends.c.packages import Library
from lgnc.backends.c.text import constant, element_types, runtime, table
from lgnc.backends.thresholds import ELEMENT
from lgnc.ir.circuit import Circuit
from lgnc.ir.simulate import encode, pack, simulate, simulate_outputs, unpack


def project_files(circuit: Circuit, rows: Golden, library: Library) -> dict[str, str]:
    """Relative path -> text. rows: what the test tries. The names NAME_* in the texts are still to be replaced."""
    name, version, about = library.name, library.version, library.about
    platformio: dict[str, Any] = {
        "name": name,
        "version": version,
        "description": about,
        "license": "MIT",
        "frameworks": "*",
    }
    platformio["headers"] = f"{name}.h"
    platformio["build"] = {"srcFilter": " ".join(f"+<{source}>" for source in library.sources)}
    arduino = {"name": name, "version": version, "author": "lgnc", "maintainer": "lgnc", "sentence": about}
    arduino |= {"paragraph": "Written by lgnc.", "category": "Data Processing", "url": "", "architectures": "*"}
    arduino |= {"includes": f"{name}.h"}
    return {
        f"test/test_{name}.c": self_test_source(circuit, rows),
        "Makefile": library.filled("Makefile.in"),
        "CMakeLists.txt": library.filled("CMakeLists.txt.in"),
        "library.json": json.dumps({**platformio, "platforms": "*"}, indent=2, sort_keys=True) + "\n",
        "library.properties": "".join(f"{key}={value}\n" for key, value in arduino.items()),
    }


def answers(circuit: Circuit, rows: NDArray[Any]) -> NDArray[np.int32]:
    """int32[rows, classes], the scores; for a circuit without a head int32[rows, outputs], its bits."""
    if circuit.head is not None:
        return simulate(circuit, rows)[0]
    words = simulate_outputs(circuit, pack(encode(circuit.encoder, rows)))
    return unpack(words, len(rows)).astype(np.int32)


def _said(rows: Golden) -> str:
    """One line on what the vectors can see."""
    if rows.seen is None:
        return "Values stand at the thresholds; which changes they see was not simulated."
    return f"They see {rows.seen} of {rows.thresholds} thresholds move by one step, up and down."


def self_test_source(circuit: Circuit, rows: Golden) -> str:
    """A C99 program that exits 0 when the network gives the golden answers, one sample at a time and all at once."""
    element, _ = element_types(circuit)
    stored = rows.rows.astype(ELEMENT.get(circuit.encoder.dtype, circuit.encoder.dtype))
    vectors = table(f"{element} features[]", [constant(value, element) for value in stored.ravel()])
    if circuit.head is None:
        kind, columns, call = "uint8_t", "NAME_OUTPUTS", "NAME_outputs_in"
    else:
        kind, columns, call = "int32_t", "NAME_CLASSES", "NAME_scores_in"
    parts = [
        "/* Written by lgnc: golden vectors. Exits 0 when every answer is right. MIT licence.",
        f"   {_said(rows)} */",
        '#include "../NAME.h"',
        "",
        "#include <stdio.h>",
        "",
        f"#define VECTORS {len(rows.rows)}u",
        vectors,
        table(f"{kind} answers[]", [constant(value, kind) for value in answers(circuit, rows.rows).ravel()]),
        f"#define COLUMNS {columns}",
        f"#define CALL {call}",
        f"typedef {kind} answer;",
        "",
        "static unsigned char workspace[NAME_WORKSPACE];",
        "static answer found[VECTORS * COLUMNS + 1u];",
        "",
        runtime("test.c"),
    ]
    if circuit.head is not None:
        parts.append(runtime("test_classes.c"))
    else:
        parts.append("static size_t wrong_classes(void)\n{\n    return 0;\n}\n")
    return "\n".join([*parts, runtime("test_main.c")])
