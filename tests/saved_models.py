"""What the tests of model files share: two models, and all that training changes of them."""

import brasa
from brasa import Input, Model, Sequential, layers


def sequential():
    """A stack with everything that holds state: weights, dropout."""
    return Sequential(
        [
            layers.Rescaling(0.5, input_shape=(6, 6, 1)),
            layers.Conv2D(4, 3, activation="relu", padding=((1, 0), (0, 1))),
            layers.MaxPooling2D(2),
            layers.Flatten(),
            layers.Dropout(0.3),
            layers.Dense(3, activation="softmax", name="classes"),
        ],
        name="stack",
    )


def functional():
    """Two branches of one shared convolution, a sum, a join, and a frozen layer."""
    x = Input((6, 6, 1), name="image")
    shared = layers.Conv2D(3, 3, padding="same", activation="tanh", name="shared")
    once = shared(x)
    again = shared(layers.Conv2D(1, 1, use_bias=False, trainable=False)(once))
    joined = layers.Concatenate()([layers.Add()([once, again]), once])
    features = layers.Dropout(0.3)(layers.Flatten()(layers.AveragePooling2D(2)(joined)))
    return Model(x, layers.Dense(3, activation="softmax")(features), name="branches")


MODELS = {"sequential": sequential, "functional": functional}


def compiled(kind, optimizer="adam", seed=4):
    """The same model for the same seed."""
    brasa.set_seed(seed)
    model = MODELS[kind]()
    model.compile(optimizer, "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


def state(model):
    """Everything that training changes, by name."""
    slots = {
        f"{slot}/{p.name}": model.store.view(buffer, p).copy()
        for slot, buffer in model.store.slots.items()
        for p in model.store.trainable
    }
    return {**{p.name: p.numpy() for p in model.weights}, **slots}


def train(model, x, y, **options):
    return model.fit(x, y, **{"batch_size": 8, "verbose": 0, **options}).history
