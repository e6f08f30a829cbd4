"""A transformer of characters, two blocks deep, written in layers: it learns a text by heart."""

import numpy as np

import brasa
from brasa import Input, Model, layers

TEXT = "to be, or not to be: that is the question. " * 8
LENGTH, WIDTH, HEADS = 32, 32, 2


class Positions(layers.Layer):
    """A vector for each place of the sequence."""

    def build(self, input_shape):
        self.positions = self.add_weight("positions", input_shape[1:], "uniform")

    def call(self, x):
        return x + self.positions


def block(x):
    y = layers.LayerNormalization()(x)
    x += layers.MultiHeadAttention(HEADS, WIDTH // HEADS)(y, y, use_causal_mask=True)
    y = layers.Dense(4 * WIDTH, "gelu")(layers.LayerNormalization()(x))
    return x + layers.Dense(WIDTH)(y)


def transformer(letters):
    ids = Input((LENGTH,), dtype="int32")
    x = Positions()(layers.Embedding(letters, WIDTH)(ids))
    for _ in range(2):
        x = block(x)
    return Model(ids, layers.Dense(letters, "softmax")(layers.LayerNormalization()(x)))


def test_it_learns_a_text_and_is_the_same_from_its_file(tmp_path):
    brasa.set_seed(1)
    letters = sorted(set(TEXT))
    ids = np.array([letters.index(letter) for letter in TEXT])
    at = np.arange(len(ids) - LENGTH)[:, None] + np.arange(LENGTH)
    x, y = ids[at], ids[at + 1]
    model = transformer(len(letters))
    model.compile(brasa.optimizers.Adam(3e-3), "sparse_categorical_crossentropy")
    losses = model.fit(x, y, epochs=14, verbose=0).history["loss"]
    assert losses[-1] < 0.1 < 2 < losses[0]
    said = model.predict(x)
    assert "".join(letters[i] for i in said[0, -8:].argmax(-1)) == TEXT[LENGTH - 7 : LENGTH + 1]
    later = x.copy()
    later[:, LENGTH // 2 :] = 0  # what comes after is not seen
    half = model.predict(later)[:, : LENGTH // 2]
    assert (half == said[:, : LENGTH // 2]).all()
    model.save(tmp_path / "transformer.brasa")
    again = brasa.load_model(tmp_path / "transformer.brasa", {"Positions": Positions})
    assert (again.predict(x) == said).all()
