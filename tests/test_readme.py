"""The Python code of the README and of the guide runs as it stands, on small data."""

import re
import warnings
from pathlib import Path

import numpy as np
import pytest

from brasa import datasets

ROOT = Path(__file__).parent.parent

# What the public face of the library promises: this runs as it stands.
PROMISE = """
from brasa import Sequential, layers, datasets

(x, y), (x_test, y_test) = datasets.load_fashion_mnist()
model = Sequential([
    layers.Conv2D(6, 5, padding="same", activation="relu", input_shape=(28, 28, 1)),
    layers.MaxPooling2D(2),
    layers.Conv2D(16, 5, activation="relu"),
    layers.MaxPooling2D(2),
    layers.Flatten(),
    layers.Dense(120, activation="relu"),
    layers.Dense(84, activation="relu"),
    layers.Dense(10, activation="softmax"),
])
model.compile(optimizer="adam", loss="sparse_categorical_crossentropy", metrics=["accuracy"])
model.summary()
history = model.fit(x, y, batch_size=128, epochs=5, validation_data=(x_test, y_test))
model.evaluate(x_test, y_test)
model.save("lenet.brasa")
"""


PAGES = [page for page in ("README.md", "python/GUIDE.md") if (ROOT / page).exists()]


def blocks(page):
    """The code blocks of a page, each after those before it."""
    text = (ROOT / page).read_text(encoding="utf-8")
    return re.findall(r"^```python\n(.*?)^```", text, re.DOTALL | re.MULTILINE)


def tiny(shape, seed=0):
    """A stand-in for a loader: a few images of that shape, uint8 as the real ones are."""

    def load(*_, **__):
        random = np.random.default_rng(seed)
        parts = []
        for count in (20, 10):
            x = random.integers(0, 256, (count, *shape), np.uint8)
            parts.append((x, (np.arange(count) % 10).astype(np.uint8)))
        return tuple(parts)

    return load


@pytest.fixture
def sandbox(monkeypatch, tmp_path):
    """No downloads, and files go to a folder of their own."""
    monkeypatch.chdir(tmp_path)
    for name, shape in (
        ("load_fashion_mnist", (28, 28, 1)),
        ("load_mnist", (28, 28, 1)),
        ("load_cifar10", (32, 32, 3)),
    ):
        if hasattr(datasets, name):
            monkeypatch.setattr(datasets, name, tiny(shape))
    return tmp_path


@pytest.fixture
def photos(sandbox):
    """A folder of pictures of one's own, such as every reader has."""
    Image = pytest.importorskip("PIL.Image")
    random = np.random.default_rng(0)
    for name in ("cats", "dogs"):
        (sandbox / "photos" / name).mkdir(parents=True)
        for i in range(10):
            pixels = random.integers(0, 256, (40, 50, 3), np.uint8)
            Image.fromarray(pixels).save(sandbox / "photos" / name / f"{i}.jpg")


def test_the_promise_is_kept(sandbox, capsys):
    names = {}
    exec(compile(PROMISE, "<promise>", "exec"), names)
    assert len(names["history"].history["val_accuracy"]) == 5
    assert (sandbox / "lenet.brasa").stat().st_size > 4 * 61_706
    assert "Total params: 61,706" in capsys.readouterr().out


@pytest.mark.usefixtures("sandbox", "photos")
@pytest.mark.parametrize("page", PAGES)
def test_the_code_of_a_page_runs(page):
    names = {}
    for number, block in enumerate(blocks(page), 1):
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            exec(compile(block, f"{page}, block {number}", "exec"), names)
