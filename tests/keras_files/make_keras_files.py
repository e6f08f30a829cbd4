"""Writes small files by Keras 3, and predictions.npz, what it says of them; for tests without it.

    KERAS_BACKEND=jax python -m tests.keras_files.make_keras_files

The networks are those of ``networks.py`` by the same names, compiled, and trained for a step.
"""

import zipfile
from pathlib import Path

import numpy as np

from tests.keras_files.networks import batch, built, keras_names, shake

HERE = Path(__file__).parent
WHOLE = ("image_stack", "masked", "nested")


def smaller(path):
    """Pack an archive, which Keras stores as it is."""
    with zipfile.ZipFile(path) as archive:
        members = {name: archive.read(name) for name in archive.namelist() if name[-1] != "/"}
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for name, data in members.items():
            archive.writestr(zipfile.ZipInfo(name), data, zipfile.ZIP_DEFLATED)


def main():
    import keras  # pytest imports this file, too, also where there is no Keras

    said = {}
    keras.utils.set_random_seed(1)
    for name in WHOLE:
        model = shake(built(keras_names(keras), name))
        model.compile(keras.optimizers.Adam(0.01), "mse", metrics=["mae"])
        x = batch(model)
        model.train_on_batch(x, np.zeros_like(model.predict(x, verbose=0)))
        said[name] = model.predict(x, verbose=0)
        model.save(HERE / f"{name}.keras")
        smaller(HERE / f"{name}.keras")
    model = shake(built(keras_names(keras), "shared"))
    said["shared"] = model.predict(batch(model), verbose=0)
    model.save_weights(HERE / "shared.weights.h5")
    np.savez_compressed(HERE / "predictions.npz", **said)


if __name__ == "__main__":
    main()
