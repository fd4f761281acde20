from pathlib import Path

from tinynas.data import load_dataset
from tinynas.effort import finetune_images, plan_effort
from tinynas.pipeline.effort import images_in
from tinynas.request import Effort
from tinynas.spaces import Subspace, load_space
from tinynas.supernet import Supernet, TrainingPlan


def test_what_the_request_says_counts_and_the_rest_follows_the_data() -> None:
    digits = load_dataset("digits")
    planned = plan_effort(Effort(evaluations=7), len(digits.train))
    assert planned.evaluations == 7
    assert planned.train_images >= len(digits.train)
    assert planned.finetune_images is None
    assert 0 < finetune_images(planned.train_images) < planned.train_images


def test_minutes_become_images_once(tmp_path: Path) -> None:
    supernet = Supernet(Subspace(load_space("tiny"), 0.25, 16), 10, 1)
    plan = TrainingPlan(1, batch_size=8, threads=1)
    note = tmp_path / "pace.json"
    before = {name: value.clone() for name, value in supernet.state_dict().items()}
    images = images_in(0.5, supernet, load_dataset("digits"), plan, note)
    assert images > plan.batch_size
    assert images_in(50, supernet, load_dataset("digits"), plan, note) == images
    assert all((before[name] == value).all() for name, value in supernet.state_dict().items())
