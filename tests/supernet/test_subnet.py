"""The static network: shapes, SAME padding, folding and activations."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from tinynas.graph.ir import same_padding
from tinynas.spaces import Architecture, NetworkShape, Subspace, load_space, network_of, skeleton
from tinynas.supernet import FoldedNetwork, Subnet, normalise
from tinynas.supernet.layers import convolve


def random_subnet(seed: int, *, space: str = "tiny", resolution: int = 24) -> Subnet:
    """A subnet with weights, scales and statistics that are nowhere near their initial values."""
    rng = np.random.default_rng(seed)
    subspace = Subspace(load_space(space), 0.5, resolution)
    row = subspace.space.sample(1, rng)
    architecture = Architecture.of_rows(subspace.space, row)[0]
    torch.manual_seed(seed)
    subnet = Subnet(network_of(subspace, architecture, classes=7, input_channels=3))
    with torch.no_grad():
        for name, value in subnet.state_dict().items():
            if name.endswith(("norm.weight", "running_var")):
                value.uniform_(0.5, 1.5)
            elif name.endswith(("norm.bias", "running_mean")):
                value.normal_(0.0, 0.3)
    return subnet.eval()


def random_images(network: NetworkShape, count: int, seed: int = 0) -> np.ndarray:
    shape = (count, network.resolution, network.resolution, network.input_channels)
    return np.random.default_rng(seed).integers(0, 256, shape, dtype=np.uint8)


@pytest.mark.parametrize("size", [2, 3, 7, 8])
@pytest.mark.parametrize("kernel", [3, 5, 7])
@pytest.mark.parametrize("stride", [1, 2])
@pytest.mark.parametrize("trained", [False, True])
def test_padding_is_tensorflows(size: int, kernel: int, stride: int, trained: bool) -> None:
    rows, columns = size, size + 1
    x, weight = torch.randn(1, 1, rows, columns), torch.randn(1, 1, kernel, kernel)
    top, bottom, left, right = same_padding((rows, columns), (kernel, kernel), (stride, stride))
    padded = np.pad(x[0, 0].numpy(), ((top, bottom), (left, right)))
    expected = [
        [
            (padded[y : y + kernel, x : x + kernel] * weight[0, 0].numpy()).sum()
            for x in range(0, columns, stride)
        ]
        for y in range(0, rows, stride)
    ]
    result = convolve(x, weight.requires_grad_(trained), stride=stride).detach()
    np.testing.assert_allclose(result[0, 0].numpy(), expected, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("channels", [3, 4, 8, 12])
@pytest.mark.parametrize("size", [64, 33])
def test_single_taps_with_strides_learn_from_few_channels(channels: int, size: int) -> None:
    """Where oneDNN computes their gradient it is wrong, or the process ends."""
    generator = torch.Generator().manual_seed(0)
    x = torch.randn(32, channels, size, size, generator=generator)
    weight = torch.randn(12, channels, 1, 1, generator=generator)
    ours, exact = weight.clone().requires_grad_(True), weight.double().requires_grad_(True)
    found = convolve(x.to(memory_format=torch.channels_last), ours, stride=2)
    expected = torch.nn.functional.conv2d(x.double(), exact, stride=2)
    torch.testing.assert_close(found.double(), expected, rtol=1e-4, atol=1e-4)
    found.square().mean().backward()
    expected.square().mean().backward()
    assert ours.grad is not None
    assert exact.grad is not None
    torch.testing.assert_close(ours.grad.double(), exact.grad, rtol=1e-3, atol=1e-5)


@pytest.mark.parametrize("seed", range(3))
def test_weights_and_activations_have_the_skeletons_names_and_shapes(seed: int) -> None:
    subnet = random_subnet(seed)
    graph = skeleton(subnet.network)
    weights = subnet.folded()
    assert set(weights) == {op.name for op in graph.ops if len(op.inputs) == 3}
    for name, (weight, bias) in weights.items():
        assert weight.shape == graph.tensors[f"{name}.weight"].shape
        assert bias.shape == graph.tensors[f"{name}.bias"].shape
        assert weight.dtype == bias.dtype == np.float32
    activations = subnet.activations(random_images(subnet.network, 2))
    assert list(activations) == ["input", *(op.outputs[0] for op in graph.ops)]
    for name, value in activations.items():
        assert tuple(value.shape)[1:] == graph.tensors[name].shape[1:]


@pytest.mark.parametrize("space", ["tiny", "mcunet"])
def test_folding_keeps_the_function(space: str) -> None:
    subnet = random_subnet(1, space=space, resolution=48 if space == "mcunet" else 24)
    images = random_images(subnet.network, 4)
    with torch.no_grad():
        expected = subnet(normalise(images))
    result = FoldedNetwork(subnet.network, subnet.folded()).logits(images)
    scale = float(expected.abs().max())
    np.testing.assert_allclose(result.numpy(), expected.numpy(), atol=1e-4 * scale)
    torch.testing.assert_close(subnet.activations(images)["logits"], result)


def test_activations_are_taken_after_the_activation_function() -> None:
    subnet = random_subnet(2)
    for name, value in subnet.activations(random_images(subnet.network, 2)).items():
        if name.endswith(("stem", "expand", "depthwise")):
            assert float(value.min()) >= 0
            assert float(value.max()) <= 6
        elif name.endswith("project"):
            assert float(value.min()) < 0


def test_input_is_the_uint8_image_centred_and_scaled() -> None:
    images = np.array([[[[0], [128]], [[255], [64]]]], dtype=np.uint8)
    expected = torch.tensor([[[[-1.0, 0.0], [127 / 128, -0.5]]]])
    torch.testing.assert_close(normalise(images), expected, rtol=0, atol=0)


@pytest.mark.parametrize("channels", [1, 3])
def test_the_network_runs_channels_last(channels: int) -> None:
    subspace = Subspace(load_space("tiny"), 0.5, 16)
    network = network_of(subspace, subspace.space.largest, classes=2, input_channels=channels)
    tensors = FoldedNetwork(network, Subnet(network).folded()).tensors(random_images(network, 2))
    for name, tensor in tensors:
        if tensor.dim() == 4 and name != "input":
            assert tensor.is_contiguous(memory_format=torch.channels_last), name
