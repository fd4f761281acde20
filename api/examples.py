"""Examples of the OpenAPI document: of every parameter, body and answer.

What is long is abridged: a list of one where there would be many.
"""

from __future__ import annotations

from typing import Any

from api.problems import problem

_ID, _OLD, _UPLOAD = (
    "01K9ZC3V5Y8Q2W4E6R7T9Y1M3N",
    "01K9YB2A4Q6W8E1R3T5Y7M9N2P",
    "01K9X7D1F3H5K7M9P2R4T6W8Y1",
)
_SHA256 = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
_REQUEST = {"dataset": "digits", "device": "stm32f411xe", "sram": "32KB", "flash": "128KB"}

_EFFORT = {
    "train_images": None,
    "evaluations": 64,
    "finetune_images": None,
    "train_minutes": None,
    "finalists": None,
}
_TRAINING = {
    "batch_size": None,
    "learning_rate": None,
    "weight_decay": None,
    "label_smoothing": None,
    "warmup": None,
    "average": None,
}
_SETTLED = {
    "dataset": "digits",
    "device": "stm32f411xe",
    "sram_bytes": 32768,
    "flash_bytes": 131072,
    "space": None,
    "schedules": "all",
    "macs": None,
    "effort": _EFFORT,
    "seed": 0,
    "name": None,
    "skip_bad_files": False,
    "simulator": None,
    "candidate": None,
    "supernet": None,
    "engine": None,
    "objectives": ["accuracy"],
    "input": "held",
    "workers": 1,
    "recipe": "sandwich",
    "margin": 0.0,
    "training": _TRAINING,
    "resolutions": None,
}

_CANDIDATE = {
    "id": 7,
    "architecture": {
        "space": "tiny",
        "row": [0] * 30,
        "stages": [[{"kernel": 3, "expansion": 3, "width": 1.0}]] * 3,
    },
    "schedule": {
        "summary": "15 ops layer by layer",
        "segments": [
            {
                "kind": "layer",
                "first": 0,
                "last": 15,
                "grid": [1, 1],
                "chunk": 0,
                "chunks": [],
                "fed": False,
            }
        ],
    },
    "resolution": 16,
    "accuracy": 0.961,
    "sram_bytes": 6544,
    "flash_bytes": 20753,
    "macs": 225856,
    "recomputed_macs": 0,
    "latency_ms": 6.4,
    "pareto": True,
}
_PLAN = {
    "blocks": [
        {
            "name": "stem",
            "kind": "stem",
            "kernel": 3,
            "stride": 2,
            "expansion": 1.0,
            "in_channels": 1,
            "expanded": 1,
            "out_channels": 8,
            "in_size": 32,
            "out_size": 16,
            "residual": False,
            "first": 0,
            "last": 1,
        }
    ],
    "layers": [
        {
            "name": "stem",
            "kind": "Conv2D",
            "output_shape": [1, 16, 16, 8],
            "macs": 18432,
            "flash_bytes": 236,
            "instructions": None,
        }
    ],
    "schedule": {
        "summary": "15 ops layer by layer",
        "arena_bytes": 6176,
        "recomputed_macs": 0,
        "segments": _CANDIDATE["schedule"]["segments"],  # type: ignore[index]
        "buffers": [
            {
                "name": "input",
                "tensor": "input",
                "bytes": 1024,
                "first": 0,
                "last": 0,
                "offset": 5152,
            }
        ],
    },
    "memory_parts": {
        "arena_bytes": 6176,
        "static_bytes": 4,
        "stack_bytes": 364,
        "constant_bytes": 13440,
        "code_bytes": 7313,
    },
    "sram_bytes": {"budget": 32768, "predicted": 6544},
    "flash_bytes": {"budget": 131072, "predicted": 20753},
    "macs": 225856,
}


def _job(state: str = "queued", **changes: Any) -> dict[str, Any]:
    return {
        "id": _ID,
        "name": "digits on stm32f411xe",
        "owner": "alice",
        "state": state,
        "step": None,
        "progress": None,
        "best": None,
        "request": _SETTLED,
        "result": None,
        "error": None,
        "created": "2026-11-25T09:00:00Z",
        "updated": "2026-11-25T09:00:00Z",
        "started": None,
        "finished": None,
        "attempts": 0,
        "dataset_id": None,
        "parent_id": None,
        "expired": None,
    } | changes


_RUNNING = _job(
    "running",
    step="search",
    progress={"done": 24, "total": 64, "unit": "evaluations"},
    best=_CANDIDATE,
    updated="2026-11-25T09:06:12Z",
    started="2026-11-25T09:00:01Z",
    attempts=1,
)
_CHOSEN = {
    "width": 0.5,
    "resolution": 64,
    "fits": 1.0,
    "mean_macs": 2932432.0,
    "p80_macs": 3689593.6,
}
_TABLE = {
    "chosen": _CHOSEN,
    "rule": "mean-of-all",
    "seconds": 2.4,
    "samples": 1000,
    "space": "tiny",
    "budget": {"sram_bytes": 32768, "flash_bytes": 131072},
    "schedules": "all",
    "accounting": "device",
    "subspaces": [_CHOSEN | {"score": 2932432.0, "cdf": [1204480.0, 2911244.8, 5212160.0]}],
}
_BUILTIN = {
    "name": "digits",
    "kind": "builtin",
    "classes": 10,
    "input_channels": 1,
    "native_resolution": 8,
}
_PHOTOS = {
    "name": "my-photos",
    "kind": "uploaded",
    "classes": 2,
    "input_channels": 3,
    "native_resolution": 96,
    "id": _UPLOAD,
    "owner": "alice",
    "class_images": {"cat": 480, "dog": 511},
    "images": 991,
    "bytes": 20_118_311,
    "sha256": _SHA256,
    "skipped": 1,
    "created": "2026-11-25T08:00:00Z",
}


def _page(*items: Any, more: str | None = None) -> dict[str, Any]:
    return {"items": list(items), "next_cursor": more}


BODIES: dict[str, Any] = {
    "POST /api/v1/jobs": _REQUEST,
    "POST /api/v1/jobs/preview": _REQUEST,
    "POST /api/v1/jobs/estimate": _REQUEST,
    "POST /api/v1/datasets": {"summary": "The bytes of a zip: cat/1.jpg, cat/2.jpg, dog/1.jpg"},
}
"""Of requests; that of an upload is told, for it is no text."""

ANSWERS: dict[str, Any] = {
    "POST /api/v1/jobs": _job(),
    "GET /api/v1/jobs": _page(_RUNNING, more=_ID),
    "GET /api/v1/jobs/{job_id}": _RUNNING,
    "POST /api/v1/jobs/{job_id}/cancel": _RUNNING | {"state": "cancelling"},
    "POST /api/v1/jobs/{job_id}/resume": _job(),
    "POST /api/v1/jobs/preview": _TABLE | {"device": "stm32f411xe"},
    "POST /api/v1/jobs/estimate": {
        "seconds": 74.2,
        "low_seconds": 61.0,
        "high_seconds": 93.5,
        "at_least_seconds": 61.0,
        "measured": 3,
        "reason": None,
        "steps": [
            {
                "step": "supernet",
                "seconds": 41.3,
                "low_seconds": 36.8,
                "high_seconds": 52.4,
                "measured": 3,
            }
        ],
    },
    "GET /api/v1/jobs/{job_id}/events": (
        "id: 17\nevent: progress\n"
        'data: {"sequence": 17, "kind": "progress", "step": "search", '
        '"time": "2026-11-25T09:06:12Z", '
        '"data": {"done": 24, "total": 64, "unit": "evaluations"}}\n\n'
    ),
    "GET /api/v1/jobs/{job_id}/subspaces": _TABLE,
    "GET /api/v1/jobs/{job_id}/candidates": _page(_CANDIDATE, more="7"),
    "GET /api/v1/jobs/{job_id}/candidates/{number}": _CANDIDATE
    | {"subspace": {"width": 0.5, "resolution": 32}, "plan": _PLAN},
    "POST /api/v1/jobs/{job_id}/candidates/{number}/promote": _job(
        name="digits on stm32f411xe, candidate 7",
        parent_id=_OLD,
        request=_SETTLED | {"candidate": 7},
    ),
    "GET /api/v1/jobs/{job_id}/artifacts": _page(
        {
            "name": "bundle.zip",
            "media_type": "application/zip",
            "bytes": 91_204,
            "sha256": _SHA256,
            "created": "2026-11-25T09:12:40Z",
        }
    ),
    "GET /api/v1/jobs/{job_id}/artifacts/{name}": "<!doctype html><title>Report</title>",
    "GET /api/v1/devices": _page(
        {
            "name": "stm32f411xe",
            "order_codes": ["STM32F411CE", "STM32F411RE", "STM32F411VE"],
            "core": "cortex-m4",
            "clock_hz": 100_000_000,
            "sram_bytes": 131072,
            "flash_bytes": 524288,
            "regions": [
                {"name": "sram", "kind": "sram", "address": 0x2000_0000, "bytes": 131072},
            ],
        }
    ),
    "GET /api/v1/search-spaces": _page(
        {
            "name": "tiny",
            "description": "MBConv stages for small images (16 to 64 pixels).",
            "resolutions": [16, 24, 32, 40, 48, 64],
            "width_multipliers": [0.25, 0.35, 0.5, 0.75, 1.0, 1.25, 1.5],
            "stages": 3,
        }
    ),
    "GET /api/v1/datasets": _page(_BUILTIN, _PHOTOS),
    "GET /api/v1/datasets/{dataset}": _PHOTOS,
    "POST /api/v1/datasets": _PHOTOS | {"bad_files": ["cat/broken.jpg: not a whole image"]},
    "GET /healthz": {"status": "ok"},
    "GET /readyz": {"status": "ready"},
    "GET /metrics": (
        "# TYPE tinynas_jobs gauge\n"
        'tinynas_jobs{state="queued"} 2\n'
        "# TYPE tinynas_evaluations_total counter\n"
        "tinynas_evaluations_total 1204\n"
    ),
}
"""Of answers that are no problem and have a body."""

PARAMETERS: dict[str, Any] = {
    "Idempotency-Key": "monday-1",
    "Last-Event-ID": 16,
    "if-none-match": f'"{_SHA256}"',
    "cursor": _ID,
    "dataset": "digits",
    "device": "stm32f411xe",
    "job_id": _ID,
    "leave_out": ["candidate"],
    "limit": 50,
    "name": "my-photos",
    "number": 7,
    "parent": _OLD,
    "pareto": True,
    "q": "digits",
    "skip_bad_files": True,
    "state": ["queued", "running"],
}
"""By name, where an operation has no other below."""

PARAMETERS_OF: dict[tuple[str, str], Any] = {
    ("GET /api/v1/jobs/{job_id}/candidates", "cursor"): 7,
    ("GET /api/v1/jobs/{job_id}/artifacts/{name}", "name"): "report.html",
}

_PROBLEMS: dict[str, tuple[str | None, str, dict[str, Any]]] = {
    "400": ("broken-upload", "the body ended before its declared length", {}),
    "401": (None, "a key is needed: Authorization: Bearer KEY", {}),
    "403": (None, "this key has not the scope write", {}),
    "404": (None, f"there is no job {_ID}", {}),
    "409": ("wrong-state", "a succeeded job cannot become cancelled", {"state": "succeeded"}),
    "413": (
        "too-large",
        "more than 2147483648 bytes",
        {"field": "archive", "allowed": "at most 2147483648 bytes"},
    ),
    "415": (None, "the body must be a zip: Content-Type application/zip", {}),
    "416": (None, "Requested Range Not Satisfiable", {}),
    "422": (
        "infeasible-budget",
        "no network of space tiny fits 1 KB of sram; the smallest needs 3,536 bytes of it",
        {
            "field": "sram",
            "required_bytes": 3536,
            "budget_bytes": 1024,
            "sram": 3536,
            "flash": 19121,
        },
    ),
    "429": (
        "too-many-requests",
        "too many requests: 3000 a minute are allowed",
        {"retry_after": 2},
    ),
    "503": (None, "the database does not answer", {}),
    "507": ("disk-full", "the service's disk has too little room for this data set", {}),
}


def put_examples(document: dict[str, Any]) -> None:
    """Give every parameter, body and answer of an OpenAPI document its example.

    What says itself what an example of it is keeps that.
    """
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            label = f"{method.upper()} {path}"
            for parameter in operation.get("parameters", []):
                name = parameter["name"]
                example = PARAMETERS_OF.get((label, name), PARAMETERS.get(name))
                if example is not None:
                    parameter.setdefault("example", example)
            for media in operation.get("requestBody", {}).get("content", {}).values():
                _put(media, BODIES.get(label))
            for status, answer in operation["responses"].items():
                for media in answer.get("content", {}).values():
                    if status >= "400":
                        kind, detail, members = _PROBLEMS[status]
                        _put(media, problem(int(status), detail, kind, members))
                    else:
                        _put(media, ANSWERS.get(label))


def _put(media: dict[str, Any], example: Any) -> None:
    if example is not None and "examples" not in media:
        media.setdefault("example", example)
