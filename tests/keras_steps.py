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


def own_steps(weights, data, kind, how):
    """The history and the logs of a model that makes its steps itself, and what its steps got."""
    import keras
    import torch

    seen = []

    class Trained(keras.Model):
        def train_step(self, data):
            seen.append(_told(data))
            x, y, weight = keras.utils.unpack_x_y_sample_weight(data)
            y_pred = self(x, training=True)
            self.zero_grad()
            loss = self.compute_loss(x=x, y=y, y_pred=y_pred, sample_weight=weight)
            loss.backward()
            weights = self.trainable_weights
            with torch.no_grad():
                self.optimizer.apply([w.value.grad for w in weights], weights)
            for metric in self.metrics:
                if metric.name == "loss":
                    metric.update_state(loss)
                else:
                    metric.update_state(y, y_pred)
            return {metric.name: metric.result() for metric in self.metrics}

    class Lost(keras.Model):
        def compute_loss(self, x=None, y=None, y_pred=None, sample_weight=None, training=True):
            error = keras.ops.square(y_pred - y)
            return keras.ops.mean(error) + 0.1 * keras.ops.mean(keras.ops.abs(x))

    class LastLogs(Trained):
        def train_step(self, data):
            super().train_step(data)
            return {"last": keras.ops.mean(data[0])}

        def test_step(self, data):
            seen.append(_told(data))
            return {"b": keras.ops.mean(data[0]), "a": keras.ops.max(data[0])}

    class Asked(Trained):
        def predict_step(self, data):
            seen.append(_told(data))
            x, _, _ = keras.utils.unpack_x_y_sample_weight(data)
            return {"twice": 2 * self(x), "x": x}

    cls = {"Trained": Trained, "Lost": Lost, "LastLogs": LastLogs, "Asked": Asked}[kind]
    x = keras.Input((4,))
    hidden = keras.layers.Dense(5, "tanh", kernel_regularizer=keras.regularizers.L2(0.01))(x)
    model = cls(x, keras.layers.Dense(1)(hidden))
    model.set_weights(weights)
    model.compile(keras.optimizers.Adam(0.05), "mse", metrics=how.pop("metrics", None))
    history = model.fit(*data, shuffle=False, verbose=0, **how).history
    x, y = data[:2]
    logs = model.evaluate(x, y, batch_size=4, verbose=0, return_dict=True)
    listed = np.asarray(model.evaluate(x, y, batch_size=4, verbose=0)).tolist()
    predicted = model.predict(x, batch_size=4, verbose=0)
    shown = {k: v.tolist() for k, v in predicted.items()} if kind == "Asked" else None
    return history, {k: float(np.asarray(v)) for k, v in logs.items()}, listed, shown, seen


def gan(weights, images, noise):
    """The logs of a GAN's epochs, and its weights."""
    import keras
    import torch

    class GAN(keras.Model):
        def __init__(self, discriminator, generator):
            super().__init__()
            self.discriminator, self.generator = discriminator, generator
            self.d_loss = keras.metrics.Mean(name="d_loss")
            self.g_loss = keras.metrics.Mean(name="g_loss")
            self.noise = iter(noise)
            self.built = True

        def compile(self, d_optimizer, g_optimizer, loss_fn):
            super().compile()
            self.d_optimizer, self.g_optimizer = d_optimizer, g_optimizer
            self.loss_fn = loss_fn

        @property
        def metrics(self):
            return [self.d_loss, self.g_loss]

        def _step(self, loss, net, optimizer):
            self.zero_grad()
            loss.backward()
            weights = net.trainable_weights
            with torch.no_grad():
                optimizer.apply([w.value.grad for w in weights], weights)

        def train_step(self, real):
            n = real.shape[0]
            ones, zeros = keras.ops.ones((n, 1)), keras.ops.zeros((n, 1))
            latent = keras.ops.convert_to_tensor(next(self.noise)[:n])
            both = keras.ops.concatenate([self.generator(latent), real])
            d_loss = self.loss_fn(keras.ops.concatenate([ones, zeros]), self.discriminator(both))
            self._step(d_loss, self.discriminator, self.d_optimizer)
            g_loss = self.loss_fn(zeros, self.discriminator(self.generator(latent)))
            self._step(g_loss, self.generator, self.g_optimizer)
            self.d_loss.update_state(d_loss)
            self.g_loss.update_state(g_loss)
            return {"d_loss": self.d_loss.result(), "g_loss": self.g_loss.result()}

    def net(inputs, hidden, outputs):
        x = keras.Input((inputs,))
        y = keras.layers.Dense(outputs)(keras.layers.Dense(hidden, "tanh")(x))
        return keras.Model(x, y)

    model = GAN(net(2, 8, 1), net(3, 8, 2))
    model.discriminator.set_weights(weights[0])
    model.generator.set_weights(weights[1])
    adam, loss = keras.optimizers.Adam, keras.losses.BinaryCrossentropy(from_logits=True)
    model.compile(adam(0.01), adam(0.02), loss)
    history = model.fit(images, batch_size=8, epochs=3, shuffle=False, verbose=0).history
    return history, [model.discriminator.get_weights(), model.generator.get_weights()]


def _told(data):
    """How the arrays of a batch lie, and their shapes."""
    if isinstance(data, (tuple, list)):
        return [type(data).__name__, *map(_told, data)]
    return {k: _told(v) for k, v in data.items()} if isinstance(data, dict) else tuple(data.shape)
