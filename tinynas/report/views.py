"""What the templates need beyond the data: shares, ranks and sentences made from it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from markupsafe import Markup

from tinynas.report.charts.memory import live_bytes
from tinynas.report.data import BlockData, ConfusionData, LayerData, MemoryFigures, ReportData
from tinynas.report.svg import waist
from tinynas.report.text import count, difference, kilobytes, percent, segment_name, shape

RAMP = 7  # steps of the sequential colour scale
LARGEST_MATRIX = 24  # classes; above this only the worst confusions are listed
_TELLING = 0.005  # share of saturated codes; what is rarer is how ranges are meant to be


_FACTS = {
    "simulator": "Simulator",
    "machine": "Machine",
    "device": "Device",
    "linked_for": "Linked for",
    "compiler": "Compiler",
    "vectors": "Test vectors",
    "mismatched_bytes": "Bytes that differ",
    "instructions": "Instructions, simulated",
    "instructions_per_mac": "Instructions per MAC",
}


def validation_facts(data: ReportData) -> list[tuple[str, str]]:
    """Names and values of what the simulated run found, in a fixed order."""
    found = data["validation"]
    return [(name, _fact(found[key])) for key, name in _FACTS.items() if found.get(key) is not None]


def _fact(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:,.2f}"
    return f"{value:,}" if isinstance(value, int) else str(value)


@dataclass(frozen=True)
class MemoryRow:
    """One line of the promised-against-measured table (text, ready to print)."""

    name: str
    budget: str
    predicted: str
    linked: str
    measured: str
    off: str
    left: str
    fits: bool


def memory_rows(data: ReportData) -> list[MemoryRow]:
    return [_memory_row("SRAM", data["sram_bytes"]), _memory_row("Flash", data["flash_bytes"])]


def _memory_row(name: str, figures: MemoryFigures) -> MemoryRow:
    budget, predicted, measured = figures["budget"], figures["predicted"], figures["measured"]
    return MemoryRow(
        name=name,
        budget=kilobytes(budget),
        predicted=kilobytes(predicted),
        linked=kilobytes(figures.get("linked", measured)),
        measured=kilobytes(measured),
        off=difference(measured, predicted),
        left=kilobytes(budget - measured),
        fits=measured <= budget,
    )


def counted_apart(data: ReportData) -> str:
    """What else the firmware holds, in one sentence; nothing where it was not measured."""
    flash = data["flash_bytes"]
    if "harness" not in flash or "vectors" not in flash:
        return ""
    harness, vectors = kilobytes(flash["harness"]), kilobytes(flash["vectors"])
    return f"Counted apart: start-up code and harness {harness}, test vectors {vectors}."


@dataclass(frozen=True)
class LayerRow:
    """One op with the widths (percent of the largest) of its three bars."""

    name: str
    kind: str
    kernel: str
    shape: str
    macs: str
    macs_share: float
    flash: str
    flash_share: float
    instructions: str
    instructions_share: float
    noise: str


def layer_rows(layers: list[LayerData]) -> list[LayerRow]:
    most = {
        key: max((float(layer[key] or 0) for layer in layers), default=0.0) or 1.0
        for key in ("macs", "flash_bytes", "instructions")
    }
    return [
        LayerRow(
            name=layer["name"],
            kind=layer["kind"],
            kernel=layer.get("kernel") or "",
            shape=shape(layer["output_shape"]),
            macs=count(layer["macs"]) if layer["macs"] else "",
            macs_share=layer["macs"] / most["macs"] * 100,
            flash=_known(layer["flash_bytes"], kilobytes),
            flash_share=(layer["flash_bytes"] or 0) / most["flash_bytes"] * 100,
            instructions=_known(layer["instructions"], count),
            instructions_share=(layer["instructions"] or 0) / most["instructions"] * 100,
            noise=_noise(layer),
        )
        for layer in layers
    ]


def _noise(layer: LayerData) -> str:
    """Signal to noise, with the share of saturated codes where that says something."""
    if "saturated" not in layer:
        return ""
    ratio = layer["signal_to_noise_db"]
    text = "exact" if ratio is None else f"{ratio:.1f} dB"
    return text if layer["saturated"] < _TELLING else f"{text}, {percent(layer['saturated'])} cut"


def quantisation_text(data: ReportData) -> str:
    """How the int8 network was found, in one or two sentences; nothing where it is not known."""
    found = data.get("quantisation")
    if found is None:
        return ""
    way = found["post_training"]
    text = f"Quantised with {way['estimator']} ranges"
    text += ", channels equalised" if way["equalised"] else ""
    text += ", biases corrected"
    if found["method"] == "quantisation-aware":
        text += ", and trained on quantisation-aware from there"
    values = found["validation"]
    before, after = (percent(values[name], 2) for name in ("float", "int8"))
    return f"{text}. On the validation split: float {before}, int8 {after}."


def training_text(data: ReportData) -> str:
    """By which recipe supernet and winner were trained, in one sentence; nothing of what the
    request does not say (older ones know no recipe, and a given supernet was not trained here)."""
    request = data["request"]
    said = []
    if request.get("recipe") and not request.get("supernet"):
        how = {"sandwich": "the sandwich rule", "progressive": "progressive shrinking"}
        said.append(f"supernet trained by {how[request['recipe']]}")
    if request.get("margin"):
        said.append(f"fine-tuning with a margin of {request['margin']:g} for the right class")
    words = {"batch_size": "batches of {:g}"}
    said += [
        words.get(name, name.replace("_", " ") + " {:g}").format(value)
        for name, value in (request.get("training") or {}).items()
        if value is not None
    ]
    text = "; ".join(said)
    return f"{text[0].upper()}{text[1:]}." if text else ""


def with_live_bytes(data: ReportData) -> list[dict[str, Any]]:
    """The layers, each with the bytes of the arena that are in use while it runs."""
    layers = data["layers"]
    live = live_bytes(data["schedule"], len(layers))
    return [{**layer, "sram_bytes": size} for layer, size in zip(layers, live, strict=True)]


def _known(value: int | None, text: Any) -> str:
    return "" if value is None else str(text(value))


@dataclass(frozen=True)
class BlockView:
    """A block of the diagram; `segment` says how it runs where that is not layer by layer."""

    title: str
    kernel: int
    lines: tuple[str, ...]
    size: str
    channels: int
    expanded: int
    residual: bool
    segment: str
    segment_kind: str
    kind: str
    drawing: Markup


def block_views(data: ReportData) -> list[BlockView]:
    """Every block, marked where it lies in a segment of patches or of rows."""
    most = max(block["expanded"] for block in data["blocks"])
    return [_block_view(b, *_segment_of(b, data), waist(b, most)) for b in data["blocks"]]


def _segment_of(block: BlockData, data: ReportData) -> tuple[str, str]:
    """Name and kind of the special segment that a block lies in; empty where there is none."""
    for segment in data["schedule"]["segments"]:
        inside = segment["first"] <= block["first"] < segment["last"]
        if segment["kind"] != "layer" and inside:
            return segment_name(segment), segment["kind"]
    return "", ""


def _block_view(block: BlockData, segment: str, segment_kind: str, drawing: Markup) -> BlockView:
    channels = f"{block['in_channels']} → {block['out_channels']}"
    kernel = f"{block['kernel']} × {block['kernel']}"
    stride = f", stride {block['stride']}" if block["stride"] > 1 else ""
    match block["kind"]:
        case "stem":
            title, lines = "Conv", (kernel + stride, channels)
        case "mbconv":
            title = f"MB{block['expansion']:.2g}"
            lines = (
                kernel + stride,
                f"{block['in_channels']} → {block['expanded']} → {block['out_channels']}",
            )
        case "pool":
            title, lines = "Mean", (kernel, f"{block['in_channels']}")
        case _:
            title, lines = "Dense", ("fully connected", channels)
    return BlockView(
        title=title,
        kernel=block["kernel"] if block["kind"] in ("stem", "mbconv") else 0,
        lines=lines,
        size=f"{block['out_size']} × {block['out_size']}",
        channels=block["out_channels"],
        expanded=block["expanded"],
        residual=block["residual"],
        segment=segment,
        segment_kind=segment_kind,
        kind=block["kind"],
        drawing=drawing,
    )


@dataclass(frozen=True)
class Confusion:
    """A pair of classes that is often mistaken."""

    true: str
    taken_for: str
    images: int
    share: float


def worst_confusions(confusion: ConfusionData, limit: int = 5) -> list[Confusion]:
    """The most frequent mistakes, most frequent first."""
    found = []
    for i, row in enumerate(confusion["counts"]):
        for j, images in enumerate(row):
            if i != j and images:
                names = confusion["classes"]
                found.append(Confusion(names[i], names[j], images, images / sum(row)))
    return sorted(found, key=lambda c: -c.images)[:limit]


def confusion_steps(confusion: ConfusionData) -> list[list[int]]:
    """The colour step (0..RAMP-1) of every cell, by its share of its row; -1 for none."""
    return [
        [min(RAMP - 1, int(n / sum(row) * RAMP)) if n else -1 for n in row]
        for row in confusion["counts"]
    ]


_LIMITS = {"sram": "SRAM", "flash": "flash", "macs": "MACs", "latency": "latency"}


def tally(data: ReportData) -> list[tuple[str, int, float]]:
    """What became of the search's proposals: name, how many, percent of all."""
    search = data.get("search")
    if search is None or not search["asked"]:
        return []
    rows = [("measured", len(data["candidates"])), ("proposed before", search["repeated"])]
    rows += [(f"over {_LIMITS.get(k, k)}", n) for k, n in search["over"].items()]
    return [(name, n, 100 * n / search["asked"]) for name, n in rows if n]


def openocd_target(device: str) -> str:
    """OpenOCD names its targets by family: an STM32F411xE is an `stm32f4x`."""
    return f"{device[:7].lower()}x"
