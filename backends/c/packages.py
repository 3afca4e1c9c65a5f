"""What ecosystems ask of a folder: a single header, a crate, a Zephyr module, an ESP-IDF component, a CMSIS-Pack."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from xml.sax.saxutils import escape

from lgnc.backends.c.text import Body, element_types, filled, macro_prefix, named
from lgnc.diagnostics import BadInput
from lgnc.ir.circuit import Circuit

PACKAGES = ("header", "rust", "zephyr", "esp-idf", "cmsis-pack")

_RUST = {"float": "f32", "double": "f64"} | {
    f"{sign}int{bits}_t": f"{sign or 'i'}{bits}" for sign in ("", "u") for bits in (8, 16, 32, 64)
}


@dataclass(frozen=True)
class Library:
    """A folder as something to build. sources, headers: files of C that every build system takes. math: whether it
    calls the C library's exp. about: one line.
    """

    name: str
    version: str
    about: str
    sources: tuple[str, ...]
    headers: tuple[str, ...]
    math: bool

    def filled(self, template: str, **more: str) -> str:
        """A file of backends/c/runtime with @WORDS@ replaced."""
        words = {
            "NAME": self.name,
            "LOWER": self.name.lower(),
            "UPPER": f"LGNC_{self.name.upper()}",
            "VERSION": self.version,
            "ABOUT": self.about,
            "SOURCES": " ".join(self.sources),
            "HEADERS": " ".join(self.headers),
            "OBJECTS": " ".join(source.removesuffix(".c") + ".o" for source in self.sources),
            "MATH": "m" if self.math else "",
            "LIBS": "-lm" if self.math else "",
            **more,
        }
        return filled(template, words)


def package_files(
    package: str | None, library: Library, circuit: Circuit, body: Body, texts: Mapping[str, str]
) -> dict[str, str]:
    """Relative path -> text. texts: the C files, by name."""
    match package:
        case "header":
            return {f"single/{library.name}.h": single_header(library, texts)}
        case "rust":
            return _crate(library, circuit, body)
        case "zephyr":
            return {
                "zephyr/module.yml": library.filled("packages/module.yml.in"),
                "zephyr/Kconfig": named(library.filled("packages/Kconfig.in"), library.name),
            }
        case "esp-idf":
            return {"idf_component.yml": library.filled("packages/idf_component.yml.in")}
        case "cmsis-pack":
            files = [("sourceC", each) for each in library.sources] + [("header", each) for each in library.headers]
            lines = [f'        <file category="{kind}" name="{escape(each)}"/>' for kind, each in files]
            return {f"lgnc.{library.name}.pdsc": library.filled("packages/pdsc.in", FILES="\n".join(lines))}
    return {}


def single_header(library: Library, texts: Mapping[str, str]) -> str:
    """All C files as one: declarations and, where NAME_IMPLEMENTATION is defined, code. NAME.c comes last, since it may
    include its own file again.
    """
    name, prefix = library.name, macro_prefix(library.name)
    own = re.compile(rf'^#include "({"|".join(map(re.escape, library.headers))})"\n', re.MULTILINE)
    parts = {path: own.sub("", texts[path]).rstrip("\n") for path in (*library.headers, *library.sources)}
    main = parts[f"{name}.c"].replace(f'{prefix}SELF "{name}.c"', f'{prefix}SELF "{name}.h"')
    again = f"#include {prefix}SELF"
    main = main.replace(again, f"#define {prefix}WITHIN\n{again}\n#undef {prefix}WITHIN")
    others = [parts[source] for source in library.sources if source != f"{name}.c"]
    return "\n".join(
        [
            f"/* {name}.h, with all code in it: define {prefix}IMPLEMENTATION in the one C file that is to have it. */",
            *(parts[header] for header in library.headers if not header.endswith("hpp")),
            "",
            f"#if defined({prefix}IMPLEMENTATION) && (!defined({prefix}IMPLEMENTED) || defined({prefix}WITHIN))",
            f"#ifndef {prefix}IMPLEMENTED",
            f"#define {prefix}IMPLEMENTED",
            *others,
            "#endif",
            main,
            "#endif",
            "",
        ]
    )


def _crate(library: Library, circuit: Circuit, body: Body) -> dict[str, str]:
    """A no_std crate in the folder rust, which builds NAME.c."""
    head = circuit.head
    if head is None:
        what = "the circuit has no head, and the crate has classes alone"
        raise BadInput(what, where="--package", fix="compile it without --package rust")
    rust = library.filled(
        "packages/lib.rs.in",
        ELEMENT=_RUST[element_types(circuit)[0]],
        FEATURES=str(len(circuit.encoder.names)),
        CLASSES=str(head.classes),
        WORKSPACE=str(body.workspace),
        NAMES=", ".join(_rust_string(each) for each in head.names),
    )
    sources = json.dumps(f"../{library.name}.c")
    level = "2" if body.code is not None else "3"
    return {
        "rust/Cargo.toml": library.filled("packages/Cargo.toml.in"),
        "rust/build.rs": library.filled("packages/build.rs.in", SOURCES=sources, LEVEL=level),
        "rust/lib.rs": rust,
    }


def _rust_string(text: str) -> str:
    """A string literal of Rust in ASCII."""
    plain = (each if " " <= each <= "~" and each not in '"\\' else f"\\u{{{ord(each):x}}}" for each in text)
    return f'"{"".join(plain)}"'
