"""Named data sets: formats, splits, downloads and their checksums."""

from __future__ import annotations

import hashlib
import io
import tarfile
import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tinynas.data import cifar, imagenette, load_dataset
from tinynas.data.download import Archive, obtain
from tinynas.errors import TinynasError
from tinynas.progress import Event, Reporter

RNG = np.random.default_rng(0)


@pytest.fixture(autouse=True)
def _own_places(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TINYNAS_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.setenv("TINYNAS_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    (tmp_path / "data").mkdir()


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None: ...


@pytest.fixture
def home(tmp_path: Path) -> Iterator[tuple[Path, str]]:
    """A folder and the address at which a web server shows it."""
    folder = tmp_path / "home"
    folder.mkdir()
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(_Quiet, directory=str(folder)))
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    yield folder, f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


def tar_of(files: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
        for name, content in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return buffer.getvalue()


def jpeg(size: tuple[int, int] = (32, 32)) -> bytes:
    buffer = io.BytesIO()
    pixels = RNG.integers(0, 256, (*size, 3), dtype=np.uint8)
    Image.fromarray(pixels).save(buffer, "JPEG")
    return buffer.getvalue()


def publish(home: tuple[Path, str], name: str, content: bytes) -> Archive:
    (home[0] / name).write_bytes(content)
    return Archive(f"{home[1]}/{name}", hashlib.sha256(content).hexdigest())


def test_digits_come_with_the_project() -> None:
    dataset = load_dataset("Digits")
    assert dataset.classes == tuple("0123456789")
    assert (dataset.native_resolution, dataset.input_channels) == (8, 1)
    assert sum(len(split) for split in dataset.splits.values()) == 1797
    assert dataset.train.images.max() == 255
    assert not dataset.augmentation.flip
    for split in dataset.splits.values():
        counts = np.bincount(split.labels)
        assert counts.max() - counts.min() <= 8


def cifar10_archive(home: tuple[Path, str]) -> tuple[Archive, np.ndarray]:
    """20 images a batch: label, then planes of red, green and blue."""
    files, pixels = {}, RNG.integers(0, 256, (120, 3, 32, 32), dtype=np.uint8)
    for i, name in enumerate([*(f"data_batch_{n}" for n in range(1, 6)), "test_batch"]):
        part = pixels[20 * i : 20 * i + 20].reshape(20, -1)
        labels = np.arange(20, dtype=np.uint8)[:, None] % 2
        files[f"cifar-10-batches-bin/{name}.bin"] = np.hstack([labels, part]).tobytes()
    files["cifar-10-batches-bin/batches.meta.txt"] = b"cat\ndog\n\n"
    return publish(home, "cifar-10-binary.tar.gz", tar_of(files)), pixels.transpose(0, 2, 3, 1)


def test_cifar10_from_its_home(home: tuple[Path, str], monkeypatch: pytest.MonkeyPatch) -> None:
    archive, pixels = cifar10_archive(home)
    monkeypatch.setattr(cifar, "CIFAR10", archive)
    dataset = load_dataset("cifar10")
    assert dataset.classes == ("cat", "dog")
    assert [len(s) for s in dataset.splits.values()] == [90, 10, 20]
    np.testing.assert_array_equal(dataset.test.images, pixels[100:])
    np.testing.assert_array_equal(dataset.test.labels, np.arange(20) % 2)
    (home[0] / archive.file).unlink()
    assert load_dataset("cifar10").fingerprint == dataset.fingerprint, "the cache serves"


def test_people_are_balanced(home: tuple[Path, str], monkeypatch: pytest.MonkeyPatch) -> None:
    names = [f"thing{i}" for i in range(15)] + list(cifar.PEOPLE)
    fine = np.tile(np.arange(20, dtype=np.uint8), 20)[:, None]
    pixels = RNG.integers(0, 256, (400, 3072), dtype=np.uint8)
    pixels[:, 0] = fine[:, 0]  # so that an image tells its class
    records = np.hstack([np.full_like(fine, 99), fine, pixels]).tobytes()
    files = {"train.bin": records, "test.bin": records[: 3074 * 100]}
    files["fine_label_names.txt"] = "\n".join(names).encode()
    archive = publish(home, "cifar-100-binary.tar.gz", tar_of(files))
    monkeypatch.setattr(cifar, "CIFAR100", archive)
    dataset = load_dataset("cifar100-people")
    assert dataset.metric == "balanced_accuracy"
    assert dataset.classes == ("no person", "person")
    assert np.bincount(dataset.validation.labels).tolist() == [20, 20]
    assert np.bincount(dataset.test.labels).tolist() == [25, 25]
    assert np.bincount(dataset.train.labels).tolist() == [280, 80]
    for split in dataset.splits.values():
        np.testing.assert_array_equal(split.images[:, 0, 0, 0] >= 15, split.labels)
    drawn = dataset.train.labels[dataset.draw(2000, np.random.default_rng(0))]
    assert 0.45 < drawn.mean() < 0.55


def test_imagenette_from_its_home(home: tuple[Path, str], monkeypatch: pytest.MonkeyPatch) -> None:
    files = {
        f"imagenette2-160/{part}/{name}/{name}_{i}.JPEG": jpeg((160, 200))
        for part, count in (("train", 3), ("val", 2))
        for name in imagenette.CLASSES
        for i in range(count)
    }
    files["imagenette2-160/noisy_imagenette.csv"] = b"path,label"
    monkeypatch.setattr(imagenette, "IMAGENETTE", publish(home, "i.tgz", tar_of(files)))
    dataset = load_dataset("imagenette")
    assert dataset.classes[0] == "tench"
    assert dataset.native_resolution == 160
    assert [len(s) for s in dataset.splits.values()] == [20, 10, 20]
    assert np.bincount(dataset.test.labels).tolist() == [2] * 10


def test_the_data_folder_comes_first(tmp_path: Path) -> None:
    arrays: dict[str, np.ndarray] = {"classes": np.array(["cat", "dog"])}
    for part, count in (("train", 20), ("test", 4)):
        files = [jpeg() for _ in range(count)]
        arrays[f"{part}_jpeg"] = np.frombuffer(b"".join(files), np.uint8)
        arrays[f"{part}_off"] = np.cumsum([0, *map(len, files)])
        arrays[f"{part}_y"] = np.arange(count, dtype=np.uint8) % 2
    path = tmp_path / "data" / "cifar10_q95.npz"
    np.savez(path, **arrays)  # type: ignore[arg-type]
    dataset = load_dataset("cifar10")
    assert [len(s) for s in dataset.splits.values()] == [18, 2, 4]
    decoded = np.asarray(Image.open(io.BytesIO(files[3])))
    np.testing.assert_array_equal(dataset.test.images[3], decoded)
    path.write_bytes(b"PK")
    with pytest.raises(TinynasError, match=r"cifar10_q95\.npz cannot be read"):
        load_dataset("cifar10")


def test_a_wrong_file_is_not_kept(home: tuple[Path, str], tmp_path: Path) -> None:
    archive = publish(home, "set.tgz", b"what was published")
    (home[0] / "set.tgz").write_bytes(b"what is there now")
    with pytest.raises(TinynasError, match=r"set\.tgz is not the file it should be: SHA-256"):
        obtain(archive, Reporter())
    assert list((tmp_path / "cache").iterdir()) == []


def test_a_damaged_cache_is_fetched_again_a_damaged_data_folder_is_not(
    home: tuple[Path, str], tmp_path: Path
) -> None:
    archive = publish(home, "set.tgz", b"content" * 1000)
    events: list[Event] = []
    path = obtain(archive, Reporter("data", events.append))
    assert events[-1].data == {"done": 7000, "total": 7000, "unit": "bytes"}
    path.write_bytes(b"damaged")
    assert obtain(archive, Reporter()).read_bytes() == b"content" * 1000
    (tmp_path / "data" / "set.tgz").write_bytes(b"damaged")
    with pytest.raises(TinynasError, match="not the file it should be"):
        obtain(archive, Reporter())


def test_what_cannot_be_reached_says_where_to_put_it(
    home: tuple[Path, str], tmp_path: Path
) -> None:
    missing = Archive(f"{home[1]}/gone.tgz", "0" * 64)
    with pytest.raises(TinynasError, match=r"gone\.tgz cannot be downloaded .*TINYNAS_DATA_DIR"):
        obtain(missing, Reporter())
    closed = Archive("http://127.0.0.1:9/gone.tgz", "0" * 64)
    with pytest.raises(TinynasError, match="cannot be downloaded"):
        obtain(closed, Reporter())
    assert list((tmp_path / "cache").iterdir()) == []


def test_calibration_images_are_a_seeded_part_of_training() -> None:
    dataset = load_dataset("digits")
    some = dataset.calibration_images(50, seed=1)
    assert some.shape == (50, 8, 8, 1)
    training = {image.tobytes() for image in dataset.train.images}
    assert all(image.tobytes() in training for image in some)
    np.testing.assert_array_equal(some, dataset.calibration_images(50, seed=1))
    assert len(dataset.calibration_images(10**6)) == len(dataset.train)
