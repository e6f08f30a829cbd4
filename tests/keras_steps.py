"""What Keras does with named outputs and with steps of one's own; see keras_apart."""

import numpy as np


def named_outputs(weights, data, compiled, dictionary):
    """The histories, the logs and the kinds of outputs of a model with two outputs."""
    import keras

    x = keras.Input((4,), name="x")
    hidden = keras.layers.Dense(5, "tanh", name="hidden")(x)
    kind = keras.layers.Dense(2, name="kind")(hidden)
    size = keras.layers.Dense(1, name="size")(hidden)
    outputs = {"size": size, "kind": kind} if dictionary else [kind, size]
    model = keras.Model(x, outputs)
    model.set_weights(weights)
    try:
        model.compile(keras.optimizers.SGD(0.1), **compiled)
        history = model.fit(*data, batch_size=4, epochs=2, shuffle=False, verbose=0).history
    except (ValueError, KeyError) as error:
        return type(error).__name__
    logs = model.evaluate(*data, batch_size=4, verbose=0, return_dict=True)
    predicted = model.predict(data[0], verbose=0)
    shown = {k: v.tolist() for k, v in predicted.items()} if dictionary else None
    return history, {k: float(np.asarray(v)) for k, v in logs.items()}, shown
