"""Firmware builds with every toolchain, fits where it says, and its parts are told apart."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from elftools.elf.elffile import ELFFile
from elftools.elf.sections import ARMAttributesSection

from tinynas.build import BuildError, Toolchain, build_firmware, find_toolchain, firmware_files
from tinynas.build.toolchain import GCC, ZIG, toolchains
from tinynas.devices import Device, devices, load_device
from tinynas.errors import InvalidInputError, MissingToolError

WriteBundle = Callable[..., Path]


@pytest.fixture(params=[GCC, ZIG])
def toolchain(request: pytest.FixtureRequest) -> Toolchain:
    try:
        return find_toolchain(request.param)
    except MissingToolError as error:
        pytest.skip(error.message)


@pytest.mark.parametrize(
    "device",
    ["stm32f411xe", "stm32f746xg", "stm32h743xi", "stm32f103xe", "stm32g0b1xe", "stm32l552xe"],
)
def test_each_part_of_the_firmware_is_counted_apart(
    tiny_bundle: WriteBundle, tmp_path: Path, toolchain: Toolchain, device: str
) -> None:
    firmware = build_firmware(tiny_bundle(device), load_device(device), toolchain, tmp_path / "out")
    assert firmware.constant_bytes == 8 * 64
    assert firmware.vector_flash_bytes == 16 * (64 + 8)
    assert firmware.arena_bytes == 256
    assert firmware.static_bytes == 4
    assert firmware.flash_bytes == firmware.code_bytes + firmware.constant_bytes
    assert 0 < firmware.code_bytes < 4096
    assert 0 < firmware.harness_flash_bytes < 8192
    assert sorted(firmware.image.marks.values()) == [-3, -2, -1, 0, 1]
    assert firmware.compiler.startswith(toolchain.name)


@pytest.mark.parametrize(
    ("device", "architecture", "unaligned"),
    [
        ("stm32f103xe", 10, True),  # v7
        ("stm32f411xe", 13, True),  # v7E-M
        ("stm32g0b1xe", 12, False),  # v6S-M
        ("stm32l552xe", 17, True),  # v8-M.mainline
    ],
)
def test_no_object_needs_more_than_the_core_has(
    tiny_bundle: WriteBundle,
    tmp_path: Path,
    toolchain: Toolchain,
    device: str,
    architecture: int,
    unaligned: bool,
) -> None:
    """Simulators execute what a smaller core would not, so the objects, as linked, have to tell."""
    firmware = build_firmware(tiny_bundle(device), load_device(device), toolchain, tmp_path / "out")
    with firmware.elf.open("rb") as stream:
        section = ELFFile(stream).get_section_by_name(".ARM.attributes")
        assert isinstance(section, ARMAttributesSection)
        told = {
            attribute.tag: attribute.value
            for vendor in section.iter_subsections()
            for scope in vendor.iter_subsubsections()
            for attribute in scope.iter_attributes()
        }
    assert told["TAG_CPU_ARCH"] == architecture
    assert told.get("TAG_CPU_UNALIGNED_ACCESS", 0) == unaligned


@pytest.mark.parametrize("device", ["stm32f411xe", "stm32g0b1xe"])
def test_the_harness_calls_nothing_of_the_compilers_libraries(
    tiny_bundle: WriteBundle, tmp_path: Path, device: str
) -> None:
    try:
        gcc = find_toolchain(GCC)
    except MissingToolError as error:
        pytest.skip(error.message)
    firmware = build_firmware(tiny_bundle(device), load_device(device), gcc, tmp_path / "out")
    library = {"memcpy", "memset", "memmove", "__aeabi_uidiv", "__aeabi_uidivmod", "__aeabi_lmul"}
    called = library & set(firmware.image.symbols)
    assert called <= ({"memcpy"} if device == "stm32g0b1xe" else set())  # by the network itself


def test_the_bundle_builds_the_same_elf_without_this_project(
    tiny_bundle: WriteBundle, tmp_path: Path
) -> None:
    if shutil.which("make") is None or shutil.which(GCC) is None:
        pytest.skip("make and arm-none-eabi-gcc are not both installed")
    bundle, device = tiny_bundle("stm32f746xg"), load_device("stm32f746xg")
    ours = build_firmware(bundle, device, find_toolchain(GCC), tmp_path / "out")
    elsewhere = shutil.copytree(bundle, tmp_path / "else where")
    subprocess.run(
        ["make", "-C", "firmware", "CROSS=arm-none-eabi-"],
        cwd=elsewhere,
        env={"PATH": os.environ["PATH"]},
        check=True,
        capture_output=True,
    )
    theirs = elsewhere / "firmware" / "build" / "firmware.elf"
    assert theirs.read_bytes() == ours.elf.read_bytes()


def test_a_network_larger_than_the_device_says_so(
    tiny_bundle: WriteBundle, tmp_path: Path, toolchain: Toolchain
) -> None:
    bundle = tiny_bundle("stm32f401xe")
    header = bundle / "include" / "tiny.h"
    device = load_device("stm32f401xe")
    for arena, said in ((97 * 1024, "RAM"), (96 * 1024 - 400, "stack")):
        text = header.read_text().replace("ARENA_BYTES 256", f"ARENA_BYTES {arena}")
        (bundle / "include" / "tiny.h").write_text(text)
        with pytest.raises(BuildError, match=said) as caught:
            build_firmware(bundle, device, toolchain, tmp_path / "out")
        assert caught.value.exit_code == 1
        assert caught.value.log
        header.write_text(text.replace(f"ARENA_BYTES {arena}", "ARENA_BYTES 256"))


def test_code_that_does_not_compile_is_shown(
    tiny_bundle: WriteBundle, tmp_path: Path, toolchain: Toolchain
) -> None:
    bundle = tiny_bundle(sabotage="int unused = 1;")
    with pytest.raises(BuildError, match=r"compiling tiny\.c failed.*unused") as caught:
        build_firmware(bundle, load_device("stm32f411xe"), toolchain, tmp_path / "out")
    assert "-Wall" in caught.value.log


def test_a_folder_that_is_no_bundle_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidInputError, match=r"bundle\.json"):
        build_firmware(tmp_path, load_device("stm32f411xe"), toolchains()[0], tmp_path / "out")


@pytest.mark.parametrize("device", devices(), ids=lambda d: d.name)
def test_the_linker_script_maps_what_the_device_has(device: Device) -> None:
    files = firmware_files(device, name="net", vector_bytes=1000, library_flash_bytes=1000)
    for region in device.regions:
        expected = f"ORIGIN = {region.address:#010x}, LENGTH = {region.bytes // 1024}K"
        assert expected in files["firmware.ld"]
    assert f"{device.uart.address:#x}" in files["target.h"]


def test_vectors_go_into_flash_only_where_they_fit() -> None:
    device = load_device("stm32f411xe")
    for size, inside in ((100_000, True), (500_000, False)):
        files = firmware_files(device, name="n", vector_bytes=size, library_flash_bytes=100_000)
        assert ("#define TARGET_VECTORS_IN_FLASH 1" in files["target.h"]) == inside
        assert ("vectors.o" in files["Makefile"].partition("$(OUT)/vectors/%")[0]) == inside
        assert ("Send `t`" in files["README.md"]) == inside


def test_an_unknown_toolchain_is_refused() -> None:
    with pytest.raises(InvalidInputError, match="ziglang") as caught:
        find_toolchain("tcc")
    assert caught.value.field == "toolchain"


def test_a_missing_toolchain_names_the_command_that_installs_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("PATH", "")
    with pytest.raises(MissingToolError, match="apt-get install gcc-arm-none-eabi"):
        find_toolchain(GCC)
