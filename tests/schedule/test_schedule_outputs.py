"""A tensor that is an output and is read by the last op stays whole."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from tinynas.graph.random import RandomGraphOptions, random_graph
from tinynas.schedule import plan_layer


def test_an_output_is_not_written_over_by_its_last_reader() -> None:
    options = RandomGraphOptions(min_size=6, max_size=8, blocks=(2, 2), classifier=False)
    for seed in range(20):
        graph = random_graph(np.random.default_rng(seed), options)
        last = graph.ops[-1]
        inner = last.inputs[0]
        if inner in graph.inputs:
            continue
        both = plan_layer(replace(graph, outputs=(inner, last.outputs[0])))
        a, b = both.buffer_of(inner), both.buffer_of(last.outputs[0])
        assert a.end <= b.offset or b.end <= a.offset
