"""What the tests of models share: a stack that is made and compiled in a moment."""

from brasa import Sequential, layers


def small(**options):
    """A compiled stack for images of 4 x 4."""
    model = Sequential(
        [
            layers.Conv2D(2, 3, activation="relu", input_shape=(4, 4, 1)),
            layers.Flatten(),
            layers.Dense(3, activation="softmax"),
        ],
        **options,
    )
    model.compile("sgd", "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model
