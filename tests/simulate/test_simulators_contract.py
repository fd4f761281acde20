"""The contract that every simulator passes; one that is not installed is skipped by name."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from tinynas.build import Firmware, build_firmware, find_toolchain
from tinynas.devices import load_device
from tinynas.errors import InvalidInputError, MissingToolError, SimulationError
from tinynas.simulate import Simulator, find_simulator, simulate, simulator_names

WriteBundle = Callable[..., Path]


@pytest.fixture(params=simulator_names())
def simulator(request: pytest.FixtureRequest) -> Simulator:
    try:
        return find_simulator(request.param)
    except MissingToolError as error:
        pytest.skip(error.message)


@pytest.fixture
def build(tiny_bundle: WriteBundle, tmp_path: Path) -> Callable[..., Firmware]:
    """Firmware of the tiny bundle as the simulator takes it, in a folder with a space."""

    def build(simulator: Simulator, device: str = "stm32f405rg", sabotage: str = "") -> Firmware:
        target = simulator.target(load_device(device))
        if target is None:
            pytest.skip(f"{simulator.name} has no machine for {device}")
        bundle = tiny_bundle(device, sabotage=sabotage)
        return build_firmware(bundle, target, find_toolchain(), tmp_path / "out put")

    return build


def vectors_of(firmware: Firmware) -> tuple[NDArray[np.int8], NDArray[np.int8]]:
    with np.load(firmware.elf.parents[1] / "bundle" / "test" / "vectors.npz") as arrays:
        return arrays["inputs"], arrays["outputs"]


class TestContract:
    @pytest.mark.parametrize(
        "device", ["stm32f405rg", "stm32f746zg", "stm32l476rg", "stm32f103re", "stm32g0b1re"]
    )
    def test_every_byte_of_every_vector(
        self, simulator: Simulator, build: Callable[..., Firmware], device: str
    ) -> None:
        firmware = build(simulator, device)
        inputs, outputs = vectors_of(firmware)
        run = simulate(firmware, simulator=simulator.name, time_limit_s=60)
        assert np.array_equal(run.outputs.view(np.int8), outputs)
        assert 0 < run.stack_bytes < 512
        assert run.stack_bytes % 4 == 0
        fed = simulate(firmware, simulator=simulator.name, inputs=inputs[:3], time_limit_s=60)
        assert np.array_equal(fed.outputs.view(np.int8), outputs[:3])
        assert fed.stack_bytes == run.stack_bytes

    @pytest.mark.parametrize("device", ["stm32f405rg", "stm32g0b1re"])
    def test_instructions_agree_with_unicorn(
        self, simulator: Simulator, build: Callable[..., Firmware], device: str
    ) -> None:
        # A long run, so that a tick of QEMU's timer more or less is below 1%.
        spin = "for (volatile int i = 0; i < 60000; ++i) {}"
        firmware = build(simulator, device, spin)
        run = simulate(firmware, simulator=simulator.name, time_limit_s=60)
        reference = simulate(firmware, simulator="unicorn")
        assert run.instructions > 180_000
        assert run.instructions == pytest.approx(reference.instructions, rel=0.01)
        assert run.stack_bytes == reference.stack_bytes
        if run.layers is not None:
            assert run.instructions_exact
            assert run.instructions == reference.instructions
            assert run.layers == reference.layers
            assert set(run.layers) == {0, 1}
            assert 0 <= run.instructions - sum(run.layers.values()) < 16

    @pytest.mark.parametrize("device", ["stm32f405rg", "stm32l552re"])
    def test_floating_point(
        self, simulator: Simulator, build: Callable[..., Firmware], device: str
    ) -> None:
        float_code = "volatile float f = 1.5f; f = f * f; ctx->arena[128] = (uint8_t)(f * 100.0f);"
        run = simulate(build(simulator, device, float_code), simulator=simulator.name)
        assert run.outputs[0, 0] == 225

    @pytest.mark.parametrize(
        ("sabotage", "said"),
        [
            ('__asm__ volatile("udf #0");', "tiny_run"),
            ("*(volatile int *)0x60000000;", "0x60000000|fault"),
            ("*(volatile int *)0x60000000 = 1;", "0x60000000|fault"),
            ("return TINY_BAD_ARENA;", "run 0 of the network returned status 1"),
            ("volatile char a[9000]; for (int i = 9000; i--;) a[i] = 1; (void)a[0];", "overflow"),
        ],
    )
    def test_what_goes_wrong_is_said(
        self, simulator: Simulator, build: Callable[..., Firmware], sabotage: str, said: str
    ) -> None:
        firmware = build(simulator, sabotage=sabotage)
        with pytest.raises(SimulationError, match=said) as caught:
            simulate(firmware, simulator=simulator.name, time_limit_s=60)
        log = Path(caught.value.details["log_path"])
        assert log.is_file()
        assert str(log) in caught.value.message

    def test_a_fault_is_told_by_firmware_of_short_instructions(
        self, simulator: Simulator, build: Callable[..., Firmware]
    ) -> None:
        firmware = build(simulator, "stm32g0b1re", '__asm__ volatile("udf #0");')
        with pytest.raises(SimulationError, match="tiny_run"):
            simulate(firmware, simulator=simulator.name, time_limit_s=60)

    def test_memory_that_only_a_larger_part_has_is_out_of_bounds(
        self, simulator: Simulator, build: Callable[..., Firmware]
    ) -> None:
        """SRAM beyond the part's 96 KB, which QEMU's machine has."""
        for access in ("*(volatile int *)0x20018000;", "*(volatile int *)0x2001FFF0 = 1;"):
            firmware = build(simulator, "stm32f401re", sabotage=access)
            said = "(?i)memory map: .*(0x20018000|0x2001fff0)"
            with pytest.raises(SimulationError, match=said):
                simulate(firmware, simulator=simulator.name, time_limit_s=120)

    def test_a_hang_ends_at_the_time_limit(
        self, simulator: Simulator, build: Callable[..., Firmware]
    ) -> None:
        hang = 'for (;;) { __asm__ volatile(""); }'
        firmware = build(simulator, sabotage=hang)
        start = time.monotonic()
        with pytest.raises(SimulationError, match="within 5 s") as caught:
            simulate(firmware, simulator=simulator.name, time_limit_s=5)
        assert time.monotonic() - start < 15
        assert Path(caught.value.details["log_path"]).is_file()

    def test_inputs_of_the_wrong_size_are_refused(
        self, simulator: Simulator, build: Callable[..., Firmware]
    ) -> None:
        firmware = build(simulator)
        with pytest.raises(InvalidInputError, match="inputs of 63 bytes; the network takes 64"):
            simulate(firmware, simulator=simulator.name, inputs=np.zeros((2, 63), np.int8))


def test_a_core_without_unaligned_accesses_faults_on_one(build: Callable[..., Firmware]) -> None:
    """QEMU alone has that of a Cortex-M0+: Renode and Unicorn execute what the part would not."""
    try:
        qemu = find_simulator("qemu")
    except MissingToolError as error:
        pytest.skip(error.message)
    for offset in (0, 1):
        access = f"volatile uint8_t *x = ctx->arena + {offset}; (void)*(volatile uint32_t *)x;"
        firmware = build(qemu, "stm32g0b1re", access)
        if not offset:
            simulate(firmware, simulator="qemu", time_limit_s=60)
            continue
        with pytest.raises(SimulationError, match=r"faulted at .*tiny_run"):
            simulate(firmware, simulator="qemu", time_limit_s=60)


def test_a_write_to_flash_fails_where_the_map_has_rights(build: Callable[..., Firmware]) -> None:
    firmware = build(find_simulator("unicorn"), sabotage="*(volatile int *)0x08000100 = 1;")
    with pytest.raises(SimulationError, match="write to flash at 0x08000100"):
        simulate(firmware, simulator="unicorn")


def test_a_peripheral_that_is_not_in_the_map_fails(build: Callable[..., Firmware]) -> None:
    for simulator in ("unicorn", "renode"):
        try:
            find_simulator(simulator)
        except MissingToolError:
            continue
        firmware = build(find_simulator(simulator), sabotage="*(volatile int *)0x40020C00 = 1;")
        with pytest.raises(SimulationError, match=r"(?i)0x40020c00"):
            simulate(firmware, simulator=simulator)


def test_unknown_and_missing_simulators(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(InvalidInputError, match=r"renode, unicorn, qemu") as caught:
        find_simulator("spike")
    assert caught.value.field == "simulator"
    monkeypatch.setenv("PATH", "")
    monkeypatch.delenv("TINYNAS_RENODE", raising=False)
    assert find_simulator().name == "unicorn"
    with pytest.raises(MissingToolError, match="TINYNAS_RENODE"):
        find_simulator("renode")
    with pytest.raises(MissingToolError, match="qemu-system-arm"):
        find_simulator("qemu")
