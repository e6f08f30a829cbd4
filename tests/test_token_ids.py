"""Token ids from data to embeddings: whole numbers, checked before anything runs."""

import numpy as np
import pytest

from brasa import Input, Model, Sequential, datasets, layers, load_model, ops, optimizers
from brasa.testing import reference
from brasa.testing.assertions import assert_same_bits
from tests.sequences import IDS, LABELS, C, N, T, V, tagger


@pytest.mark.parametrize("dtype", ["uint8", "int16", "int32", "int64"])
def test_a_sequential_that_begins_with_an_embedding_takes_whole_numbers(dtype):
    model = tagger()
    y = model.predict(IDS.astype(dtype))
    assert y.shape == (N, T, C)
    assert model.input_shape == (None, T)
    assert model.network.inputs[0].dtype == "int32"
    table, kernel, bias = model.get_weights()
    np.testing.assert_allclose(y, reference.softmax(table[IDS] @ kernel + bias), rtol=1e-5)


@pytest.mark.parametrize("front", [Input((T,), dtype="int32"), Input((T,), dtype="int64")])
def test_an_input_of_whole_numbers(front):
    model = tagger(front=[front])
    assert model.predict(IDS).shape == (N, T, C)
    assert tagger(front=[layers.InputLayer((T,), dtype="int32")]).predict(IDS).shape == (N, T, C)


def test_input_shape_of_the_embedding():
    model = Sequential([layers.Embedding(V, 2, input_shape=(T,)), layers.Flatten()])
    assert model.predict(IDS).shape == (N, 2 * T)


def test_large_numbers_are_not_rounded():
    """float32 has no 2**24 + 1."""
    model = Sequential([layers.Embedding(2**24 + 2, 1, "zeros", input_shape=(1,))])
    table = np.zeros((2**24 + 2, 1), np.float32)
    table[-1] = 7
    model.set_weights([table])
    assert model.predict([[2**24 + 1], [2**24]]).reshape(-1).tolist() == [7, 0]


CALLS = {
    "predict": lambda model, x: model.predict(x),
    "predict_on_batch": lambda model, x: model.predict_on_batch(x),
    "fit": lambda model, x: model.fit(x, LABELS, verbose=0),
    "evaluate": lambda model, x: model.evaluate(x, LABELS),
    "train_on_batch": lambda model, x: model.train_on_batch(x, LABELS),
}


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize("bad", [V, -1, 2**40])
def test_an_id_that_is_no_row_is_an_error_before_anything_runs(call, bad):
    model = tagger()
    CALLS[call](model, IDS)
    before = model.get_weights()
    x = IDS.copy()
    x[4, 2] = bad
    with pytest.raises(IndexError, match=rf"{call}: x\[4, 2\] is {bad}, but the embedding has 11"):
        CALLS[call](model, x)
    assert_same_bits(model.get_weights(), before)


def test_validation_data_are_checked_too():
    with pytest.raises(IndexError, match=r"fit, validation_data: x\[0, 0\] is 11"):
        tagger().fit(IDS, LABELS, validation_data=(IDS * 0 + V, LABELS), verbose=0)


def test_the_smallest_of_several_embeddings_counts():
    ids = Input((T,), dtype="int32")
    flat = layers.Reshape((T, 1))(layers.Embedding(9, 1)(ids))
    both = layers.Add()([flat, layers.Embedding(4, 1)(ids)])
    other = Input((T,), dtype="int32", name="other")
    model = Model([ids, other], layers.Add()([both, layers.Embedding(7, 1)(other)]))
    assert model.network.id_limits == [4, 7]
    model.predict([IDS % 4, IDS % 7])
    with pytest.raises(IndexError, match=r"x\[0\].*4 rows"):
        model.predict([IDS % 5, IDS % 7])


def test_ids_of_a_layer_of_ones_own_are_checked():
    class OneHot(layers.Layer):
        input_dtype = "int32"

        def call(self, ids):
            return ops.one_hot(ids, V)

    model = Sequential([OneHot(), layers.Dense(2)])
    assert model.predict(IDS).shape == (N, T, 2)
    with pytest.raises(IndexError, match="x"):
        model.predict(IDS + V)


@pytest.mark.parametrize(
    ("x", "error", "message"),
    [
        (IDS.astype(float), TypeError, "x must hold whole numbers, got float64"),
        (IDS > 2, TypeError, "x must hold whole numbers, got bool"),
        (IDS[:, :3], ValueError, r"expects x of shape \(samples, 5\), got \(6, 3\)"),
        (IDS[0], ValueError, "add a batch axis"),
    ],
)
def test_what_is_no_batch_of_ids_is_refused(x, error, message):
    with pytest.raises(error, match=message):
        tagger(front=[Input((T,), dtype="int32")]).predict(x)


def test_ids_that_change_behind_the_check_touch_no_foreign_memory():
    model = tagger()
    x = np.ascontiguousarray(IDS, np.int32)
    model.predict(x)
    runner = model.plan(N, "predict")
    y = np.zeros((N, T, C), np.float32)
    x[0, 0] = 1 << 30
    runner.run({**model.engine.arrays(), "x0": x, "out0": y})
    assert np.isnan(y[0, 0]).all()
    assert np.isfinite(y[1:]).all()


@pytest.mark.parametrize("functional", [False, True])
def test_a_saved_model_takes_whole_numbers_again(functional, tmp_path):
    if functional:
        ids = Input((T,), dtype="int32", name="ids")
        model = Model(ids, layers.Dense(C, "softmax")(layers.Embedding(V, 4, mask_zero=True)(ids)))
        model.compile("adam", "sparse_categorical_crossentropy")
    else:
        model = tagger(mask_zero=True, optimizer="adam")
    model.fit(IDS, LABELS, verbose=0)
    model.save(tmp_path / "m.brasa")
    again = load_model(tmp_path / "m.brasa")
    assert again.network.inputs[0].dtype == "int32"
    assert again.get_config() == model.get_config()
    for each in (model, again):
        each.fit(IDS, LABELS, verbose=0)
    assert_same_bits(again.get_weights(), model.get_weights())
    assert_same_bits(again.predict(IDS), model.predict(IDS))


def test_training_learns_what_each_token_means():
    model = tagger(optimizer=optimizers.Adam(0.05))
    labels = IDS % C
    model.fit(IDS, labels, epochs=100, verbose=0)
    assert model.evaluate(IDS, labels, return_dict=True)["accuracy"] == 1.0


def test_sentences_of_words():
    model = Sequential([layers.TimeDistributed(layers.Embedding(V, 2)), layers.Reshape((-1, 2))])
    ids = IDS.reshape(N, 1, T).repeat(3, axis=1)
    y = model.predict(ids)
    assert_same_bits(y, model.get_weights()[0][ids].reshape(N, 3 * T, 2))
    with pytest.raises(IndexError, match="the embedding has 11 rows"):
        model.predict(ids + V)


def test_a_model_of_pairs_learns_from_the_text_of_the_package():
    text = datasets.load_builtin_text()[:20_000]
    vocabulary = datasets.CharVocabulary.from_text(text)
    x, y = datasets.stateful_batches(vocabulary.encode(text), batch_size=8, steps=50)
    model = Sequential(
        [
            layers.Embedding(len(vocabulary), 16, input_shape=(None,)),
            layers.Dense(len(vocabulary), "softmax"),
        ]
    )
    model.compile(optimizers.Adam(0.05, global_clipnorm=1.0), "sparse_categorical_crossentropy")
    model.fit(x, y, batch_size=8, epochs=5, shuffle=False, verbose=0)
    # The entropy of a character after another is 2.3 in this text, of a character alone 3.2.
    assert model.evaluate(x, y) < 2.5
    after_q = model.predict(vocabulary.encode("q")[None])[0, 0]
    assert vocabulary.decode([after_q.argmax()]) == "u"
