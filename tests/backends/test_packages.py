"""A C folder inside other build systems: CMake packages, pkg-config, C++, one header, Rust, and embedded frameworks."""

from __future__ import annotations

import os
import re
import shutil
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import numpy as np
import pytest

from lgnc.diagnostics import BadInput
from lgnc.formats.lift import lift
from lgnc.ir import simulate
from lgnc.ir.circuit import FEATURE_DTYPES, Circuit
from lgnc.toolchain import require_tool, run
from tests.backends.support import emitted, write
from tests.support import needs, random_circuit, random_model

CIRCUIT: Circuit = random_circuit(2, classes=3, outputs=13)
BITS = [0, 1, 1, 0, 1, 0, 0, 1, 1, 1]
STRICT = ("-Wall", "-Wextra", "-Wpedantic", "-Wconversion", "-Werror")
MAIN = """
#include "net_row.h"
#include <stdio.h>
int main(void)
{
    const uint8_t row[] = {0, 1, 1, 0, 1, 0, 0, 1, 1, 1};
    int32_t scores[NET_CLASSES], found;
    net_predict(row, 1, &found);
    net_scores(row, 1, scores);
    printf("%d %d %d %d %s\\n", (int)scores[0], (int)scores[1], (int)scores[2], (int)found, net_class_names[found]);
    return 0;
}
"""


def _tool(name: str, package: str) -> str:
    """The path of a program; skips where there is none, and fails under LGNC_REQUIRE_TOOLS=1."""
    path = shutil.which(name)
    if path is None:
        assert os.environ.get("LGNC_REQUIRE_TOOLS") != "1", f"needs {name}: apt-get install {package}"
        pytest.skip(f"needs {name}: apt-get install {package}")
    return path


def right() -> str:
    """What MAIN prints."""
    import numpy as np

    scores, classes = simulate(CIRCUIT, np.array([BITS], np.bool_))
    return " ".join(map(str, [*scores[0], classes[0], f"class {classes[0]}"])) + "\n"


@needs("cc")
@pytest.mark.parametrize("shared", [False, True])
def test_cmake_finds_the_installed_package(shared: bool, tmp_path: Path) -> None:
    cmake = _tool("cmake", "cmake")
    write("c", CIRCUIT, tmp_path / "net")
    kind = f"-DBUILD_SHARED_LIBS={'ON' if shared else 'OFF'}"
    prefix = tmp_path / "there"
    run([cmake, "-S", tmp_path / "net", "-B", tmp_path / "built", kind, f"-DCMAKE_INSTALL_PREFIX={prefix}"])
    run([cmake, "--build", tmp_path / "built"])
    run([cmake, "--install", tmp_path / "built"])
    user = tmp_path / "user"
    user.mkdir()
    (user / "main.c").write_text(MAIN)
    (user / "CMakeLists.txt").write_text(
        "cmake_minimum_required(VERSION 3.10)\nproject(user C)\nfind_package(net 0.1.0 REQUIRED)\n"
        "add_executable(user main.c)\ntarget_link_libraries(user net::net)\n"
    )
    run([cmake, "-S", user, "-B", user / "built", f"-DCMAKE_PREFIX_PATH={prefix}"])
    run([cmake, "--build", user / "built"])
    assert run([user / "built" / "user"]).decode() == right()
    assert [path.name for path in prefix.rglob("libnet.*") if not path.is_symlink()] == (
        ["libnet.so.0.1.0"] if shared else ["libnet.a"]
    )
    assert {path.name for path in prefix.rglob("*.h*")} == {"net.h", "net_row.h", "net.hpp"}


@needs("cc")
@needs("make")
@pytest.mark.parametrize("by", ["cmake", "make"])
def test_pkg_config_knows_the_installed_library(by: str, tmp_path: Path) -> None:
    config, prefix = _tool("pkg-config", "pkg-config"), tmp_path / "there"
    write("c", CIRCUIT, tmp_path / "net")
    if by == "make":
        run(["make", "-s", "-C", tmp_path / "net", "install", f"PREFIX={prefix}"])
    else:
        cmake = _tool("cmake", "cmake")
        run([cmake, "-S", tmp_path / "net", "-B", tmp_path / "built", f"-DCMAKE_INSTALL_PREFIX={prefix}"])
        run([cmake, "--build", tmp_path / "built", "--target", "install"])
    (found,) = prefix.rglob("net.pc")
    told = run(["env", f"PKG_CONFIG_PATH={found.parent}", config, "--cflags", "--libs", "net"]).decode().split()
    assert run(["env", f"PKG_CONFIG_PATH={found.parent}", config, "--modversion", "net"]) == b"0.1.0\n"
    (tmp_path / "main.c").write_text(MAIN)
    library = found.parent.parent
    run([require_tool("cc"), tmp_path / "main.c", *told, f"-Wl,-rpath,{library}", "-o", tmp_path / "main"])
    assert run([tmp_path / "main"]).decode() == right()


@needs("cc")
def test_cmake_takes_a_circuit_without_a_head(tmp_path: Path) -> None:
    cmake = _tool("cmake", "cmake")
    write("c", random_circuit(1), tmp_path / "net")
    run([cmake, "-S", tmp_path / "net", "-B", tmp_path / "built"])
    run([cmake, "--build", tmp_path / "built"])
    assert run([tmp_path / "built" / "test_net"]).startswith(b"ok: ")


@needs("cc")
@pytest.mark.parametrize("profile", ["host", "portable", "mcu"])
@pytest.mark.parametrize("compiler", ["gcc", "clang"])
def test_one_header_is_the_whole_library(compiler: str, profile: str, tmp_path: Path) -> None:
    """One file implements it, another declares it; it may be called anything where the compiler knows its name."""
    path = _tool(compiler, compiler)
    write("c", CIRCUIT, tmp_path, target_profile=profile, package="header")
    shutil.copy(tmp_path / "single" / "net.h", tmp_path / "network.h")
    (tmp_path / "code.c").write_text('#define NET_IMPLEMENTATION\n#include "network.h"\n#include "network.h"\n')
    (tmp_path / "main.c").write_text(MAIN.replace("net_row.h", "network.h"))
    apart = tmp_path / "apart"
    apart.mkdir()
    for file in ("network.h", "code.c", "main.c"):
        shutil.move(tmp_path / file, apart / file)
    run([path, "-std=c99", "-O1", *STRICT, "-o", apart / "main", apart / "code.c", apart / "main.c", "-lm"])
    assert run([apart / "main"]).decode() == right()


@needs("cc")
def test_one_header_without_a_head(tmp_path: Path) -> None:
    write("c", random_circuit(1), tmp_path, package="header")
    (tmp_path / "code.c").write_text('#define NET_IMPLEMENTATION\n#include "single/net.h"\n')
    run([require_tool("cc"), "-std=c99", "-O0", *STRICT, "-c", tmp_path / "code.c", "-o", tmp_path / "code.o"])


CPP = """
#include "net.hpp"
#include <cstdio>
int main()
{
    net_cpp::Classifier network;
    const net_cpp::Classifier::Features row = {{0, 1, 1, 0, 1, 0, 0, 1, 1, 1}};
    const net_cpp::Classifier::Scores scores = network.scores(row);
    const std::int32_t found = network.predict(row);
    std::int32_t again = -1;
    network.predict(row.data(), 1, &again);
    if (again != found || *network.name(-1) != 0 || *network.name(3) != 0) {
        return 1;
    }
    std::printf("%d %d %d %d %s\\n", scores[0], scores[1], scores[2], found, network.name(found));
    return static_cast<int>(network.margin(scores) > 1000u);
}
"""


@needs("cc")
@pytest.mark.parametrize("standard", ["c++11", "c++20"])
def test_the_cpp_class_gives_the_same(standard: str, tmp_path: Path) -> None:
    cpp = _tool("g++", "g++")
    write("c", CIRCUIT, tmp_path)
    (tmp_path / "main.cpp").write_text(CPP)
    for file in ("net.c", "net_row.c"):
        run([require_tool("cc"), "-c", tmp_path / file, "-o", tmp_path / f"{file}.o"])
    objects = [tmp_path / "net.c.o", tmp_path / "net_row.c.o"]
    run([cpp, f"-std={standard}", *STRICT, "-o", tmp_path / "main", tmp_path / "main.cpp", *objects, "-lm"])
    assert run([tmp_path / "main"]).decode() == right()


RUST = """
fn main() {
    let mut network = net::Classifier::new();
    let row = [0, 1, 1, 0, 1, 0, 0, 1, 1, 1];
    let (scores, found) = (network.scores(&row), network.predict(&row));
    assert!(net::margin(&scores) <= 13 && net::margin(&[5, 9, 9]) == 0 && net::margin(&[i32::MIN, 3, i32::MAX]) > 3);
    println!("{} {} {} {} {}", scores[0], scores[1], scores[2], found, net::CLASS_NAMES[found]);
}
"""


@needs("cc")
def test_the_rust_crate_gives_the_same(tmp_path: Path) -> None:
    """lib.rs by rustc; build.rs needs the crate cc, and its text is looked at alone."""
    rustc = _tool("rustc", "rustc")
    write("c", CIRCUIT, tmp_path, package="rust", target_profile="mcu")
    run([require_tool("cc"), "-c", tmp_path / "net.c", "-o", tmp_path / "net.o"])
    run(["ar", "rcs", tmp_path / "libnet.a", tmp_path / "net.o"])
    build: list[str | Path] = [rustc, "--edition", "2021", "-D", "warnings", "--out-dir", tmp_path, "-L", tmp_path]
    run([*build, "--crate-type", "rlib", "--crate-name", "net", "-l", "static=net", tmp_path / "rust" / "lib.rs"])
    (tmp_path / "main.rs").write_text(RUST)
    run([*build, "--extern", f"net={tmp_path / 'libnet.rlib'}", tmp_path / "main.rs"])
    assert run([tmp_path / "main"]).decode() == right()
    text = (tmp_path / "rust" / "build.rs").read_text()
    assert (tmp_path / "rust" / re.findall(r'"(.*?\.c)"', text)[0]).resolve() == tmp_path / "net.c"


@pytest.mark.parametrize("dtype", FEATURE_DTYPES)
def test_the_rust_crate_has_the_features_type(dtype: str) -> None:
    kind = {"b": "u8", "f": "f", "i": "i", "u": "u"}[np.dtype(dtype).kind]
    element = kind if dtype == "bool" else f"{kind}{8 * np.dtype(dtype).itemsize}"
    circuit = lift(random_model(1, dtype=dtype))
    text = emitted("c", circuit, package="rust", target_profile="mcu").files["rust/lib.rs"].decode()
    assert f"pub type Element = {element};" in text


def _stub(*functions: str) -> str:
    """CMake functions of these names that print what they are given."""
    return "".join(f'function({name})\n  message(STATUS "told ${{ARGN}}")\nendfunction()\n' for name in functions)


STUBS = {
    "esp-idf": "set(ESP_PLATFORM 1)\n" + _stub("idf_component_register"),
    "zephyr": "set(ZEPHYR_BASE /z)\nset(CONFIG_LGNC_NET y)\n"
    + _stub("zephyr_include_directories", "zephyr_library_named", "zephyr_library_sources"),
}


@pytest.mark.parametrize("system", sorted(STUBS))
def test_the_folder_is_a_component_of_other_systems(system: str, tmp_path: Path) -> None:
    """Neither is installed here: CMake runs the folder's file with functions of their names, the rest is read."""
    cmake = _tool("cmake", "cmake")
    write("c", CIRCUIT, tmp_path / "net", package=system)
    (tmp_path / "CMakeLists.txt").write_text(
        f"cmake_minimum_required(VERSION 3.10)\nproject(user NONE)\n{STUBS[system]}add_subdirectory(net)\n"
    )
    told = run([cmake, "-S", tmp_path, "-B", tmp_path / "built"]).decode()
    assert "net.c;net_row.c" in told
    if system == "zephyr":
        module = (tmp_path / "net" / "zephyr" / "module.yml").read_text()
        assert module.endswith("\nname: net\nbuild:\n  cmake: .\n  kconfig: zephyr/Kconfig\n")
        assert "\nconfig LGNC_NET\n\tbool " in (tmp_path / "net" / "zephyr" / "Kconfig").read_text()
    else:
        assert '\nversion: "0.1.0"\n' in (tmp_path / "net" / "idf_component.yml").read_text()


def test_the_pack_description_lists_what_is_there() -> None:
    files = emitted("c", CIRCUIT, package="cmsis-pack").files
    package = ElementTree.fromstring(files["lgnc.net.pdsc"])
    (component,) = package.iter("component")
    assert set(component.attrib) >= {"Cclass", "Cgroup", "Csub", "Cversion"}
    listed = {each.attrib["name"]: each.attrib["category"] for each in component.iter("file")}
    assert listed == {
        "net.c": "sourceC", "net_row.c": "sourceC", "net.h": "header", "net_row.h": "header", "net.hpp": "header",
    }  # fmt: skip
    assert set(listed) <= set(files)


def test_a_crate_without_classes_is_refused() -> None:
    with pytest.raises(BadInput, match="--package: the circuit has no head"):
        emitted("c", random_circuit(1), package="rust")
