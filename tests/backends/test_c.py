"""The C target, compiled and run against the IR's meaning."""

from __future__ import annotations

import itertools
import json
import os
import re
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from lgnc.backends.c.schedule import _parts
from lgnc.backends.c.tables import feature_groups
from lgnc.backends.c.text import index_type, macro_prefix
from lgnc.diagnostics import BadInput, Failed
from lgnc.flows.compile import compile_circuit
from lgnc.formats.lift import lift
from lgnc.formats.source import Source
from lgnc.ir import Circuit, Encoder
from lgnc.readback.c import read_back
from lgnc.sim import c_library as sim_c
from lgnc.sim.folder import run_folder
from lgnc.toolchain import find_tool
from lgnc.toolchain import run as run_tool
from lgnc.verify.prove import prove
from tests.backends.support import CIRCUITS, NAMES, check, emitted, mismatches, run, sealed, write
from tests.support import needs, random_circuit, random_features, random_model, sanitized

FLAGS = sim_c.FLAGS
PROFILES = ("host", "mcu", "portable")
STRICT = ("-std=c99", "-Wall", "-Wextra", "-Wpedantic", "-Wconversion", "-Werror")


@pytest.fixture(autouse=True)
def _own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An empty cache, and less optimisation than users get: half the time."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr(sim_c, "FLAGS", tuple(flag.replace("-O3", "-O1") for flag in sim_c.FLAGS))


def _require(path: str | None, program: str) -> str:
    """`path`; skips where there is none, and fails under LGNC_REQUIRE_TOOLS=1."""
    if path is None:
        install = f"needs {program}: apt-get install {program}"
        assert os.environ.get("LGNC_REQUIRE_TOOLS") != "1", install
        pytest.skip(install)
    return path


@needs("cc")
@pytest.mark.parametrize("profile", PROFILES)
def test_answers_with_the_users_flags(profile: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sim_c, "FLAGS", FLAGS)
    check("c", lift(random_model(2, features=150)), tmp_path, target_profile=profile)


@needs("cc")
@pytest.mark.parametrize(
    ("widest", "compiler"), [(64, "gcc"), (64, "clang"), (32, "gcc"), (32, "clang"), (16, "gcc"), (8, "gcc")]
)
def test_answers_with_vectors_of_every_width(
    widest: int, compiler: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CC", compiler)
    _require(find_tool("cc"), compiler)
    flags = [flag for flag in sim_c.FLAGS if flag != "-march=native"]
    monkeypatch.setattr(sim_c, "FLAGS", (*flags, f"-DNET_WIDEST={widest}"))
    for index in range(1 + widest // 16 % 4, len(CIRCUITS), 9):
        (tmp_path / str(index)).mkdir()
        check("c", CIRCUITS[index], tmp_path / str(index), (1, 65, 1000))


@needs("cc")
@pytest.mark.parametrize(
    ("widest", "dtype", "features"), [(64, "int16", 5), (64, "uint8", 3), (32, "int32", 1), (16, "uint8", 9)]
)
def test_answers_of_few_features_with_vectors(
    widest: int, dtype: str, features: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    flags = [flag for flag in sim_c.FLAGS if flag != "-march=native"]
    monkeypatch.setattr(sim_c, "FLAGS", (*flags, f"-DNET_WIDEST={widest}"))
    circuit = lift(random_model(7, dtype=dtype, features=features, width=40))
    assert feature_groups(circuit.encoder).width * circuit.encoder.feature_bits == 64
    check("c", circuit, tmp_path, (1, 65, 513, 1000))


@needs("cc")
def test_answers_without_vector_extensions(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sim_c, "FLAGS", (*sim_c.FLAGS, "-U__GNUC__"))
    check("c", CIRCUITS[-1], tmp_path)


@needs("cc")
@pytest.mark.parametrize("profile", PROFILES)
@pytest.mark.parametrize("circuit", CIRCUITS, ids=NAMES)
def test_answers_are_the_circuits(circuit: Circuit, profile: str, tmp_path: Path) -> None:
    check("c", circuit, tmp_path, target_profile=profile)


@needs("cc")
@pytest.mark.parametrize("profile", PROFILES)
@pytest.mark.parametrize("compiler", ["gcc", "clang"])
def test_compiles_without_a_warning(
    compiler: str, profile: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CC", compiler)
    path = _require(find_tool("cc"), compiler)
    for index in (0, 3, -1, -13):
        write("c", CIRCUITS[index], tmp_path, target_profile=profile)
        for extra in ("-O1", "-O1 -U__GNUC__"):
            run_tool([path, *STRICT, *extra.split(), "-c", tmp_path / "net.c", "-o", tmp_path / "net.o"])


@needs("cc")
@pytest.mark.parametrize("profile", ["host", "portable"])
@pytest.mark.parametrize("index", [0, 2, 6, -1, -3, -13])
def test_straight_code_gives_the_same(
    index: int, profile: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("lgnc.backends.c.host.PART", 50)
    check("c", CIRCUITS[index], tmp_path, (65, 600), target_profile=profile, style="unrolled")


@needs("cc")
@pytest.mark.parametrize("profile", PROFILES)
@pytest.mark.parametrize("index", range(-13, len(CIRCUITS) - 13, 3))
def test_straight_code_for_a_sample_gives_the_same(
    index: int, profile: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Few rows take the straight code; functions are so short that values, classes and sums cross them."""
    monkeypatch.setattr("lgnc.backends.c.straight.PART", 20)
    check("c", CIRCUITS[index], tmp_path, (0, 1, 15, 16, 40), target_profile=profile, style="straight")


@needs("cc")
@pytest.mark.parametrize("style", ["table", "straight"])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_chips_compare_floats_of_any_sign_by_their_bits(dtype: str, style: str, tmp_path: Path) -> None:
    kind = np.dtype(dtype).type
    tiny, large = np.finfo(kind).smallest_subnormal, np.finfo(kind).max
    edges = np.array([0, tiny, -tiny, 1, -1, large, -large, np.nextafter(kind(1), kind(2))], kind)
    encoder = Encoder(("x",), dtype, np.zeros(9, np.int32), np.append(edges, -0.0).astype(np.float64))
    none = np.zeros(0, np.int32)
    outputs = 2 * np.arange(9, dtype=np.int32)
    circuit = Circuit(encoder, none.astype(np.uint8), none, none, outputs, None, tuple(f"y{i}" for i in range(9)))
    values = np.concatenate([edges, -edges, np.nextafter(edges[:5], kind(2))])
    rows = values.astype(kind)[:, None]
    write("c", circuit, tmp_path, target_profile="mcu", style=style)
    assert mismatches(circuit, rows, run_folder(tmp_path, rows)) == 0


def test_auto_is_the_smaller_form_on_a_chip_and_a_few_rows_more_on_a_host() -> None:
    small, large = random_circuit(1, gates=40, outputs=6, classes=3), random_circuit(1, gates=4000, outputs=900)
    for circuit, same in ((small, "straight"), (large, "table")):
        auto = emitted("c", circuit, target_profile="mcu")
        assert auto.files == emitted("c", circuit, target_profile="mcu", style=same).files
    assert b"define NET_FEW" in emitted("c", small).files["net.c"]
    assert b"define NET_FEW" not in emitted("c", small, style="table").files["net.c"]
    wide = lift(random_model(1, width=2000, layers=2, features=64))
    assert emitted("c", wide).files == emitted("c", wide, style="table").files


def test_unknown_styles_are_refused() -> None:
    with pytest.raises(BadInput, match="valid: auto, straight, table, unrolled"):
        emitted("c", CIRCUITS[0], style="fast")
    with pytest.raises(BadInput, match="the mcu form takes one sample at a time"):
        emitted("c", CIRCUITS[0], style="unrolled", target_profile="mcu")


_FUZZ = """
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include "net.h"
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const size_t skew = size % 61u, n = size * 17u / (NET_FEATURES * sizeof(*(FEATURE *)0));
    FEATURE *x = malloc(n * NET_FEATURES * sizeof *x + 1u);
    unsigned char *w = malloc(NET_WORKSPACE + 64u);
    int32_t *c = malloc(n * sizeof *c + 1u), *s = malloc(n * NET_CLASSES * sizeof *s + 1u), one, k;
    size_t i, at;
    for (at = 0; size != 0u && at < n * NET_FEATURES * sizeof *x; at++) {
        ((unsigned char *)x)[at] = (unsigned char)(data[at % size] + at / size);
    }
    net_predict_in(w + skew, x, n, c);
    net_scores_in(w + skew, x, n, s);
    for (i = 0; i < n; i++) {
        int32_t best = 0;
        for (k = 1; k < (int32_t)NET_CLASSES; k++) {
            best = s[i * NET_CLASSES + (size_t)k] > s[i * NET_CLASSES + (size_t)best] ? k : best;
        }
        if (i % 97u == 0u) {
            net_predict_in(w, x + i * NET_FEATURES, 1, &one);
        } else {
            one = best;
        }
        if (best != c[i] || one != best) {
            abort();
        }
    }
    free(x), free(w), free(c), free(s);
    return 0;
}
"""


@needs("clang")
@pytest.mark.parametrize(("dtype", "profile"), [("uint8", "host"), ("int16", "portable"), ("uint8", "mcu")])
def test_fuzzing_the_batch_calls_finds_nothing(dtype: str, profile: str, tmp_path: Path) -> None:
    """One row and many, predict and scores agree, no byte outside the buffers is touched: two seconds of libFuzzer."""
    manifest = write("c", lift(random_model(4, dtype=dtype)), tmp_path, target_profile=profile)
    (tmp_path / "fuzz.c").write_text(_FUZZ)
    clang = find_tool("clang")
    assert clang is not None
    flags = ["-std=c99", "-O1", "-march=native", f"-DFEATURE={manifest.facts['element']}"]
    flags += [sanitized(clang, "fuzzer,address,undefined", tmp_path), "-fno-sanitize-recover=all"]
    run_tool([clang, *flags, tmp_path / "net.c", tmp_path / "fuzz.c", "-o", tmp_path / "fuzz"])
    options = ["-seed=1", "-max_total_time=2", "-max_len=3000", f"-artifact_prefix={tmp_path}/"]
    run_tool([tmp_path / "fuzz", *options], cwd=tmp_path)


@needs("cc")
def test_header_is_cplusplus(tmp_path: Path) -> None:
    write("c", CIRCUITS[1], tmp_path)
    (tmp_path / "use.cpp").write_text('#include "net.h"\nint f(void) { return (int)NET_CLASSES; }\n')
    path = find_tool("cc")
    assert path is not None
    run_tool([path, "-Wall", "-Wextra", "-Wpedantic", "-Werror", "-fsyntax-only", tmp_path / "use.cpp"])


@needs("cc")
@pytest.mark.parametrize("names", [("one", "two"), ("net", "Net"), ("net", "NET"), ("net", "Net", "NET", "nEt")])
@pytest.mark.parametrize("profile", PROFILES)
def test_networks_in_one_program(profile: str, names: tuple[str, ...], tmp_path: Path) -> None:
    """Their sources in one translation unit, and their headers in another, though the names differ in case alone."""
    sizes = []
    for index, name in enumerate(names):
        (tmp_path / str(index)).mkdir()
        circuit = lift(random_model(index, features=10 + index))
        write("c", circuit, tmp_path / str(index), name, target_profile=profile)
        sizes.append(f"{macro_prefix(name)}FEATURES == {10 + index}u")
    bodies = {"c": "int main(void) { return 0; }", "h": f"extern char right[({' && '.join(sizes)}) ? 1 : -1];"}
    for ending, body in bodies.items():
        included = "".join(f'#include "{index}/{name}.{ending}"\n' for index, name in enumerate(names))
        (tmp_path / f"all_{ending}.c").write_text(f"{included}{body}\n")
    path = find_tool("cc")
    assert path is not None
    for ending in bodies:
        run_tool([path, *STRICT, "-c", tmp_path / f"all_{ending}.c", "-o", tmp_path / "all.o"])


def test_macros_of_different_names_are_different() -> None:
    names = ["".join(letters) for letters in itertools.product("aAbB1_", repeat=3) if letters[0].isalpha()]
    prefixes = [macro_prefix(name) for name in names]
    assert len(set(prefixes)) == len(names)
    assert macro_prefix("net") == "NET_"


@needs("cc")
@pytest.mark.parametrize("compiler", ["gcc", "clang"])
def test_a_renamed_source_compiles(compiler: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CC", compiler)
    path = _require(find_tool("cc"), compiler)
    write("c", CIRCUITS[1], tmp_path)
    (tmp_path / "src").mkdir()
    (tmp_path / "net.c").rename(tmp_path / "src" / "other name.c")
    (tmp_path / "net.h").rename(tmp_path / "src" / "net.h")
    run_tool([path, *STRICT, "-c", "src/other name.c", "-o", "net.o"], cwd=tmp_path)


@needs("cc")
@pytest.mark.parametrize("profile", PROFILES)
def test_a_changed_wire_is_seen(profile: str, tmp_path: Path) -> None:
    circuit = lift(random_model(1))
    write("c", circuit, tmp_path, target_profile=profile, style="table")
    source = tmp_path / "net.c"
    text = source.read_text()
    table = re.search(r"net_gate\[\] = \{([^}]*)\}", text)
    assert table is not None
    rows = [int(word) for word in table[1].replace(",", " ").split()]
    used = -1 if profile == "mcu" else -4
    rows[used] = (rows[used] + 1) % 30
    source.write_text(text.replace(table[1], ", ".join(map(str, rows))))
    features = random_features(circuit, 500)
    assert mismatches(circuit, features, run("c", tmp_path, sealed(tmp_path), features)) > 0


@needs("cc")
def test_a_compiler_failure_is_shown(tmp_path: Path) -> None:
    write("c", CIRCUITS[1], tmp_path)
    source = tmp_path / "net.c"
    source.write_text(source.read_text() + "\n#error planted\n")
    with pytest.raises(Failed, match="planted") as failed:
        run("c", tmp_path, sealed(tmp_path), random_features(CIRCUITS[1], 5))
    assert failed.value.exit_code == 1


@pytest.mark.parametrize(
    "name", ["", "1net", "a-b", "int", "class", "stdint", "a__b", "größe", "net.c", "test", "x" * 80]
)
def test_a_bad_name_is_refused(name: str) -> None:
    with pytest.raises(BadInput):
        emitted("c", CIRCUITS[0], name)


def test_names_cannot_leave_their_comment() -> None:
    circuit = random_circuit(1, inputs=2, outputs=2)
    hostile = circuit.with_(output_names=("*/ #error \n */", "??/\n\\ /* é 数"))
    for data in emitted("c", hostile).files.values():
        text = data.decode("ascii")
        assert "#error" not in re.sub(r"/\*.*?\*/", "", text, flags=re.DOTALL)
        assert "??/" not in text


def test_an_unknown_profile_is_refused() -> None:
    with pytest.raises(BadInput, match="valid: host, mcu, portable"):
        emitted("c", CIRCUITS[0], target_profile="mucu")


def test_mcu_trades_flash_for_fewer_steps_within_its_budget() -> None:
    source = Source(lift(random_model(1, width=500, layers=2, features=64, classes=10)), "")
    circuit = compile_circuit(source, "c", level=2, prove=False).circuit

    def flash_and_steps(**settings: Any) -> tuple[int, int]:
        artifact = emitted("c", circuit, target_profile="mcu", **settings)
        steps = re.search(r"NET_STEPS (\d+)u", artifact.files["net.c"].decode())
        assert steps is not None
        return artifact.details["flash_bytes"], int(steps[1])

    flash, steps = flash_and_steps()
    less_flash, more_steps = flash_and_steps(max_flash=flash - 1)
    assert less_flash < flash
    assert more_steps > 2 * steps


def test_scores_beyond_32_bits_are_refused() -> None:
    circuit = random_circuit(2, classes=3)
    assert circuit.head is not None
    object.__setattr__(circuit.head, "offset", np.array([0, 2**31 - 1, 0], np.int32))
    with pytest.raises(BadInput, match="class 1"):
        emitted("c", circuit)


_MAIN = """
#include <stdio.h>
#include <stdlib.h>
#include "net.h"
int main(void) {
    size_t n;
    for (n = 0; n < 1100; n += 137) {
        uint8_t *x = malloc(n * NET_FEATURES + 1), *w = malloc(NET_WORKSPACE);
        int32_t *c = malloc(n * sizeof *c + 1), *s = malloc(n * NET_CLASSES * sizeof *s + 1);
        size_t i;
        for (i = 0; i < n * NET_FEATURES; i++) { x[i] = (uint8_t)(i * 7919u >> 3); }
        net_predict_in(w, x, n, c);
        net_scores_in(w, x, n, s);
        net_predict(x, n, c);
        free(x); free(w); free(c); free(s);
    }
    puts("clean");
    return 0;
}
"""


@needs("cc")
@pytest.mark.parametrize(("features", "profile"), [(11, "host"), (150, "host"), (70, "mcu"), (70, "portable")])
def test_sanitizers_find_nothing(features: int, profile: str, tmp_path: Path) -> None:
    write("c", lift(random_model(4, features=features)), tmp_path, target_profile=profile)
    (tmp_path / "main.c").write_text(_MAIN)
    path = find_tool("cc")
    assert path is not None
    flags = ["-std=c99", "-O1", sanitized(path, "address,undefined", tmp_path), "-fno-sanitize-recover=all"]
    flags.append("-march=native" if features == 150 else "-DNET_WIDEST=16")
    run_tool([path, *flags, tmp_path / "net.c", tmp_path / "main.c", "-o", tmp_path / "main"])
    assert run_tool([tmp_path / "main"]) == b"clean\n"


@needs("cc")
@pytest.mark.parametrize("profile", PROFILES)
@pytest.mark.parametrize("circuit", CIRCUITS[::5], ids=NAMES[::5])
def test_golden_vectors_pass(circuit: Circuit, profile: str, tmp_path: Path) -> None:
    write("c", circuit, tmp_path, target_profile=profile)
    path = find_tool("cc")
    assert path is not None
    run_tool([path, *STRICT, tmp_path / "net.c", tmp_path / "test/test_net.c", "-o", tmp_path / "golden"])
    assert run_tool([tmp_path / "golden"]).startswith(b"ok: ")


@needs("cc")
def test_golden_vectors_see_a_wrong_gate(tmp_path: Path) -> None:
    write("c", lift(random_model(1)), tmp_path)
    source = tmp_path / "net.c"
    source.write_text(source.read_text().replace("*out = x & y;", "*out = x | y;"))
    path = find_tool("cc")
    assert path is not None
    run_tool([path, "-w", source, tmp_path / "test/test_net.c", "-o", tmp_path / "golden"])
    with pytest.raises(Failed):
        run_tool([tmp_path / "golden"])


def test_library_files_have_what_their_formats_require() -> None:
    files = emitted("c", CIRCUITS[1], "one").files
    pairs = dict(line.split("=", 1) for line in files["library.properties"].decode().splitlines())
    required = {"name", "version", "author", "maintainer", "sentence", "paragraph", "category", "url", "architectures"}
    assert required <= set(pairs)
    assert re.fullmatch(r"\d+\.\d+\.\d+", pairs["version"])
    library = json.loads(files["library.json"])
    assert [library["name"], library["version"]] == [pairs["name"], pairs["version"]]
    assert pairs["includes"] == library["headers"] == "one.h"
    assert f'#define ONE_VERSION "{pairs["version"]}"' in files["one.h"].decode()


@needs("cc")
def test_cmake_runs_the_golden_vectors_of_an_optimised_build(tmp_path: Path) -> None:
    cmake = _require(shutil.which("cmake"), "cmake")
    write("c", CIRCUITS[1], tmp_path / "net")
    built = tmp_path / "built"
    run_tool([cmake, "-S", tmp_path / "net", "-B", built])
    assert b" -O3 " in run_tool([cmake, "--build", built, "--verbose"])
    assert run_tool([built / "test_net"]).startswith(b"ok: ")
    run_tool([cmake, "--install", built, "--prefix", tmp_path / "installed"])
    installed = [path.relative_to(tmp_path / "installed").as_posix() for path in tmp_path.rglob("installed/*/*")]
    headers = ["include/net.h", "include/net.hpp", "include/net_row.h"]
    assert sorted(installed) == [*headers, "lib/cmake", "lib/libnet.a", "lib/pkgconfig"]


@needs("cc")
@needs("make")
def test_make_runs_the_golden_vectors(tmp_path: Path) -> None:
    write("c", CIRCUITS[1], tmp_path)
    assert b"ok: " in run_tool(["make", "-C", tmp_path, "test"])


@pytest.mark.parametrize("dtype", ["int8", "int16"])
def test_few_features_are_compared_inverted(dtype: str, tmp_path: Path) -> None:
    """Numbers below 0 are added to ~x; the text is proven, and a number beside the right one is refuted."""
    circuit = lift(random_model(1, dtype=dtype, features=4, classes=2, layers=1))
    check("c", circuit, tmp_path, (1, 200), target_profile="mcu", style="straight")
    text = (tmp_path / "net.c").read_text()
    assert prove(circuit, read_back(tmp_path, "net", circuit)).equal is True
    found = re.search(r"NET_PAST\(y(\d), (-?\d+)\)", text)
    assert found is not None
    (tmp_path / "net.c").write_text(text.replace(found[0], f"NET_PAST(y{found[1]}, {int(found[2]) - 1})"))
    assert prove(circuit, read_back(tmp_path, "net", circuit)).equal is False


def test_an_index_has_the_narrowest_type_that_holds_it() -> None:
    highest = {0: 8, 255: 8, 256: 16, 65535: 16, 65536: 32, (1 << 32) - 1: 32}
    assert {number: index_type(number) for number in highest} == {n: f"uint{bits}_t" for n, bits in highest.items()}
    assert (index_type(5, 16), index_type(5, 32), index_type(70000, 16)) == ("uint16_t", "uint32_t", "uint32_t")


def test_parts_are_of_one_chunk_and_one_kind() -> None:
    kind, chunk = np.array([0, 0, 0, 1, 1, 0], np.int32), np.array([0, 1, 0, 1, 2, 1])
    order, begin = _parts(kind, chunk)
    assert [part.tolist() for part in np.split(order, begin[1:])] == [[0, 2], [1, 5], [3], [4]]
