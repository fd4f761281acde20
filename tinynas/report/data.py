"""What a report is made of: one JSON-able object, the same in `report.json` and in the templates.

Sizes are bytes, work is multiply-accumulates (MACs), shares and accuracies lie in 0..1.  Members
that a job may lack (`NotRequired`, or None) are left out of the pages, never guessed.
"""

from __future__ import annotations

from typing import Any, NotRequired, TypedDict

FORMAT = 1


class DeviceData(TypedDict):
    """The part that the code was generated for; memory sizes are the whole part's."""

    name: str
    core: str
    clock_hz: int
    sram_bytes: int
    flash_bytes: int


class SubspaceRow(TypedDict):
    """One (width, resolution) of stage 1; `cdf` holds MACs at even quantiles of those that fit."""

    width: float
    resolution: int
    fits: float
    mean_macs: float
    p80_macs: float
    score: float
    cdf: list[float]


class SubspaceChoice(TypedDict):
    width: float
    resolution: int
    mean_macs: float
    p80_macs: float
    fits: float


class SubspaceTableData(TypedDict):
    """Stage 1 as `SubspaceTable.to_json` gives it."""

    chosen: SubspaceChoice
    rule: str
    samples: int
    schedules: str
    accounting: str
    budget: dict[str, Any]
    subspaces: list[SubspaceRow]
    seconds: NotRequired[float]


class CandidateData(TypedDict):
    """Stage 2: one network that fits; see `tinynas.search`."""

    id: Any
    architecture: dict[str, Any]
    schedule: dict[str, Any]
    accuracy: float
    sram_bytes: int
    flash_bytes: int
    macs: int
    recomputed_macs: int
    pareto: bool
    resolution: NotRequired[int]
    latency_ms: NotRequired[float | None]


class LatencyData(TypedDict):
    """An estimate of one inference, see `tinynas.cost.latency`: nothing here was measured.

    `without_figures` are kernels that no instructions are known for, counted as nothing.
    """

    estimated_ms: float
    estimated_cycles: int
    estimated_instructions: int
    without_figures: list[str]


class BlockData(TypedDict):
    """A block of the architecture diagram: stem, mbconv, pool or classifier.

    Sizes are rows (columns alike); `first` and `last` are the ops of the graph that it covers,
    `last` not included; `expansion` is expanded / input channels.
    """

    name: str
    kind: str
    kernel: int
    stride: int
    expansion: float
    in_channels: int
    expanded: int
    out_channels: int
    in_size: int
    out_size: int
    residual: bool
    first: int
    last: int


class LayerNoise(TypedDict, total=False):
    """What int8 left of an op's output: the ratio is None where nothing was lost; `saturated` is
    the share of codes at an end of int8."""

    signal_to_noise_db: float | None
    saturated: float


class LayerData(LayerNoise):
    """One op.  `kernel`: the C function that runs it, where that is decided; `flash_bytes` as it
    stores the constants; `instructions` as simulated, if known."""

    name: str
    kernel: NotRequired[str | None]
    kind: str
    output_shape: list[int]
    macs: int
    flash_bytes: int | None
    instructions: int | None


class SegmentData(TypedDict):
    kind: str
    first: int
    last: int
    grid: list[int]
    chunk: int
    fed: bool


class BufferData(TypedDict):
    """A stretch of the arena, live from op `first` to op `last`, both included."""

    name: str
    tensor: str | None
    bytes: int
    first: int
    last: int
    offset: int


class ScheduleData(TypedDict):
    summary: str
    arena_bytes: int
    recomputed_macs: int
    segments: list[SegmentData]
    buffers: list[BufferData]


class MemoryParts(TypedDict):
    """What the predicted totals consist of."""

    arena_bytes: int
    static_bytes: int
    stack_bytes: int
    constant_bytes: int
    code_bytes: int


class MemoryFigures(TypedDict):
    """Promised against measured.

    `linked` (SRAM) counts what the linker laid out, without the stack.  `harness` and `vectors`
    (flash) are in the firmware, but no part of the network's library: counted apart.
    """

    budget: int
    predicted: int
    linked: NotRequired[int]
    stack: NotRequired[int]
    measured: int
    code: NotRequired[int]
    constants: NotRequired[int]
    harness: NotRequired[int]
    vectors: NotRequired[int]


class AccuracyData(TypedDict):
    """Over the test split, once, at the end."""

    float: float
    int8: float


class QuantisationData(TypedDict):
    """How the int8 network was found; accuracies are of the validation split.

    `method` is `post-training` or `quantisation-aware`; `post_training` is the way chosen without
    training (estimator, equalised, signal_to_noise_db of the logits), where training began.
    """

    method: str
    post_training: dict[str, Any]
    validation: AccuracyData


class ConfusionData(TypedDict):
    """`counts[i][j]`: images of class i that were taken for class j."""

    classes: list[str]
    counts: list[list[int]]


class MistakeData(TypedDict):
    """A test image that was taken for another class.

    `image` is a PNG as a `data:` URI, `index` its place in the test split.  Confidences are the
    softmax of the int8 network's outputs.
    """

    image: str
    index: int
    true: str
    taken_for: str
    confidence: float
    confidence_in_truth: float


class CurvePoint(TypedDict):
    """`at` is in images seen; `values` are measures by name, as `metric` events tell them."""

    at: int
    values: dict[str, float]


class CurveData(TypedDict):
    """The training curves of a step."""

    step: str
    name: str
    points: list[CurvePoint]


class SearchData(TypedDict):
    """What stage 2 proposed and turned away; see `tinynas.search.refusals`."""

    asked: int
    refused: int
    repeated: int
    over: dict[str, int]
    nearest: list[dict[str, Any]]


class ReportData(TypedDict):
    """Everything that a report shows."""

    name: str
    created: str
    request: dict[str, Any]
    device: DeviceData
    subspaces: SubspaceTableData
    candidates: list[CandidateData]
    architecture: dict[str, Any]
    blocks: list[BlockData]
    layers: list[LayerData]
    schedule: ScheduleData
    macs: int
    accuracy: AccuracyData
    sram_bytes: MemoryFigures
    flash_bytes: MemoryFigures
    memory_parts: MemoryParts
    validation: dict[str, Any]
    versions: dict[str, str]
    chosen: NotRequired[Any]
    confusion: NotRequired[ConfusionData | None]
    mistakes: NotRequired[list[MistakeData]]
    training: NotRequired[list[CurveData]]
    search: NotRequired[SearchData]
    quantisation: NotRequired[QuantisationData]
    dataset: NotRequired[dict[str, Any]]
