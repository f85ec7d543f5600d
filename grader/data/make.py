"""Make the held-out images anew from the complete data sets: ``python grader/data/make.py``.

Each file holds 1,000 test images, 100 of each class, none of which is in ``fixtures/``. Students don't get this folder,
and workers can't read it. The data sets come from ``$DATA_DIR``, or are downloaded (see course/datasets.py).
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent.parent))

from course.datasets import FIXTURES, Name, complete_arrays  # noqa: E402

NAMES: tuple[Name, ...] = ("cifar10", "mnist")
PER_CLASS = 100
#: Drawn at random once, and long: nobody finds the images by trying small seeds.
SEED = 858505914433567011


def make(name: Name, folder: Path = HERE) -> Path:
    """Draw the images of one data set and write them.

    Returns:
        the file, with ``images`` (1000, 32, 32, 3) or (1000, 28, 28) and ``labels`` (1000,), all uint8.
    """
    arrays = complete_arrays(name, ("test",))
    images, labels = arrays["test_images"], arrays["test_labels"]
    with np.load(FIXTURES / f"{name}_test.npz", allow_pickle=False) as fixtures:
        public = {image.tobytes() for image in fixtures["images"]}
    unseen = np.array([image.tobytes() not in public for image in images])
    rng = np.random.default_rng(SEED)
    chosen = np.concatenate(
        [rng.choice(np.flatnonzero(unseen & (labels == label)), PER_CLASS, replace=False) for label in range(10)]
    )
    chosen = rng.permutation(chosen)
    path = folder / f"{name}_test.npz"
    np.savez_compressed(path, images=images[chosen], labels=labels[chosen])
    return path


if __name__ == "__main__":
    for made in map(make, NAMES):
        print(f"{made.name}: {made.stat().st_size / 1e6:.2f} MB")
