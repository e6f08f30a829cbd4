"""Networks that Keras and brasa build by the same calls, of all kinds of layers that both have."""

import types

import numpy as np

NETWORKS = {}


def network(function):
    """Enter a function ``(lib, L)``, of a library and its layers, in the table."""
    NETWORKS[function.__name__] = function
    return function


def keras_names(keras):
    """Keras with the names that brasa has at its top."""
    return types.SimpleNamespace(
        Input=keras.Input, Model=keras.Model, Sequential=keras.Sequential, layers=keras.layers
    )


def built(lib, name):
    """One of the networks."""
    return NETWORKS[name](lib, lib.layers)


def batch(model, seed=0):
    """Three samples: numbers, or for an Embedding numbers of words."""
    rng = np.random.default_rng(seed)
    arrays = []
    for tensor in model.inputs:
        shape = (3, *(5 if extent is None else extent for extent in tensor.shape[1:]))
        if "int" in str(tensor.dtype):
            arrays.append(rng.integers(0, 6, shape).astype(np.int32))
        else:
            arrays.append(rng.standard_normal(shape).astype(np.float32))
    return arrays[0] if len(arrays) == 1 else arrays


def shake(model, seed=1):
    """Give all weights values that tell them apart; variances have to be positive."""
    rng = np.random.default_rng(seed)
    weights = model.get_weights()
    model.set_weights([rng.uniform(0.1, 0.6, w.shape).astype(np.float32) for w in weights])
    return model


@network
def image_stack(lib, L):
    return lib.Sequential(
        [
            lib.Input((8, 8, 2)),
            L.Rescaling(0.5, 0.1),
            L.ZeroPadding2D(1),
            L.Conv2D(3, 3, strides=2, padding="same", activation="relu"),
            L.BatchNormalization(),
            L.SeparableConv2D(4, 3, padding="same", depth_multiplier=2),
            L.DepthwiseConv2D(2, use_bias=False),
            L.GroupNormalization(2),
            L.PReLU(shared_axes=[1, 2]),
            L.Conv2DTranspose(2, 2, strides=2),
            L.UpSampling2D(2),
            L.Cropping2D(((1, 0), (0, 1))),
            L.MaxPooling2D(2),
            L.LeakyReLU(0.2),
            L.GlobalAveragePooling2D(),
            L.Dropout(0.5),
            L.Dense(5, activation="gelu", kernel_regularizer="l2", kernel_constraint="max_norm"),
            L.Dense(3),
            L.Softmax(),
        ]
    )


@network
def sequence_stack(lib, L):
    return lib.Sequential(
        [
            lib.Input((None,), dtype="int32"),
            L.Embedding(6, 4, mask_zero=True),
            L.Bidirectional(L.LSTM(3, return_sequences=True), merge_mode="sum"),
            L.GRU(3, return_sequences=True),
            L.GRU(3, return_sequences=True, reset_after=False, activation="relu"),
            L.SimpleRNN(4, return_sequences=True),
            L.RNN([L.LSTMCell(3), L.GRUCell(2), L.SimpleRNNCell(2)], return_sequences=True),
            L.RNN(L.LSTMCell(2)),
            L.Dense(2),
        ]
    )


@network
def conv1d_stack(lib, L):
    return lib.Sequential(
        [
            lib.Input((9, 4)),
            L.Conv1D(3, 3, padding="causal", activation="swish"),
            L.SeparableConv1D(4, 3, padding="same"),
            L.LayerNormalization(),
            L.RMSNormalization(),
            L.TimeDistributed(L.Dense(3, activation="tanh")),
            L.Conv1DTranspose(2, 2, strides=2),
            L.AveragePooling1D(2),
            L.UnitNormalization(),
            L.Permute((2, 1)),
            L.Reshape((-1,)),
            L.Activation("softplus"),
            L.RepeatVector(2),
            L.GlobalMaxPooling1D(),
        ]
    )


@network
def channels_first(lib, L):
    return lib.Sequential(
        [
            lib.Input((4, 6, 3)),
            L.BatchNormalization(axis=1),
            L.GroupNormalization(2, axis=-2),
            L.LayerNormalization(axis=[1, 3]),
            L.Conv2D(4, 3, padding="same"),
            L.BatchNormalization(axis=2),
            L.LayerNormalization(axis=-3),
        ]
    )


@network
def films(lib, L):
    return lib.Sequential(
        [
            lib.Input((4, 6, 5, 2)),
            L.ConvLSTM2D(3, 3, padding="same", return_sequences=True, dropout=0.2),
            L.ConvLSTM2D(2, (2, 3), strides=2, go_backwards=True, recurrent_activation="relu"),
            L.Dense(2),
        ]
    )


@network
def depthwise(lib, L):
    return lib.Sequential(
        [
            lib.Input((9, 3)),
            L.DepthwiseConv1D(3, strides=2, padding="same", depth_multiplier=2, activation="selu"),
            L.AlphaDropout(0.2, noise_shape=(None, 1, 6), seed=3),
            L.DepthwiseConv1D(2, dilation_rate=2, use_bias=False),
            L.Dense(2),
        ]
    )


@network
def attention(lib, L):
    words, image = lib.Input((5, 4), name="words"), lib.Input((6, 3), name="image")
    seen = L.MultiHeadAttention(2, 3)(words, image)
    seen = L.LayerNormalization()(L.Add()([seen, words]))
    own = L.MultiHeadAttention(2, 2, use_bias=False)(seen, seen, use_causal_mask=True)
    near = L.Attention(use_scale=True)([own, seen])
    far = L.AdditiveAttention()([own, seen])
    both = L.Concatenate()([near, far, L.Multiply()([own, seen])])
    return lib.Model([words, image], [L.Dense(2)(both), L.Flatten()(own)])


@network
def states(lib, L):
    x = lib.Input((5, 3))
    y, h, c = L.LSTM(4, return_sequences=True, return_state=True)(x)
    z = L.LSTM(4, return_sequences=True)(y, initial_state=[h, c])
    y, state = L.GRU(4, return_sequences=True, return_state=True)(z)
    z = L.GRU(4)(y, initial_state=state)
    return lib.Model(x, L.Dense(2)(z))


@network
def masked(lib, L):
    x = lib.Input((5, 3))
    y = L.Bidirectional(L.GRU(3, return_sequences=True))(L.Masking()(x))
    return lib.Model(x, L.TimeDistributed(L.Dense(2))(L.LSTM(3, return_sequences=True)(y)))


@network
def shared(lib, L):
    a, b = lib.Input((6,), name="left"), lib.Input((6,), name="right")
    twin, last = L.Dense(4, activation="relu"), L.Dense(4)
    difference = L.Subtract()([last(twin(a)), last(last(twin(b)))])
    return lib.Model([a, b], L.Dense(1, activation="sigmoid")(difference))


@network
def nested(lib, L):
    """Models in models, of which one is used twice, and one holds another."""
    deep = lib.Sequential([lib.Input((4,)), L.Dense(3, activation="relu"), L.Dense(4)])
    start = lib.Input((4,))
    wide = L.Dense(4)(start)
    inner = lib.Model(start, L.Add()([deep(wide), L.Dense(4)(start)]))
    x = lib.Input((4,))
    y = L.Dense(4)(inner(L.Dense(4)(x)))
    return lib.Model(x, L.Dense(2)(inner(y)))


@network
def nested_stack(lib, L):
    encoder = lib.Sequential([lib.Input((6,)), L.Dense(4, activation="relu"), L.Dense(2)])
    decoder = lib.Sequential([lib.Input((2,)), L.Dense(4, activation="relu"), L.Dense(6)])
    return lib.Sequential([lib.Input((6,)), encoder, L.BatchNormalization(), decoder, L.Dense(6)])


@network
def standard(lib, L):
    x = lib.Input((4, 3))
    return lib.Model(x, L.Dense(2)(L.Normalization()(x)))


@network
def images(lib, L):
    """What changes images, in training alone or always, and the rest of what pools them."""
    x = lib.Input((9, 9, 3))
    y = L.RandomBrightness(0.1, value_range=(0, 1))(L.RandomContrast(0.2)(x))
    y = L.RandomZoom(0.1)(L.RandomRotation(0.1)(L.RandomTranslation(0.1, 0.1)(y)))
    y = L.Resizing(6, 6)(L.CenterCrop(8, 7)(L.RandomFlip()(y)))
    y = L.RandomCrop(6, 6)(y)  # which takes all: in predictions Keras scales instead of cropping
    y = L.AveragePooling2D(2, strides=1)(L.SpatialDropout2D(0.1)(y))
    y = L.Conv2D(4, 3, dilation_rate=2, padding="same", kernel_initializer="he_normal")(y)
    y = L.Conv2D(4, 2, groups=2, use_bias=False, bias_regularizer="l1")(L.ELU()(y))
    return lib.Model(x, [L.GlobalMaxPooling2D()(y), L.Flatten()(L.ReLU(max_value=1)(y))])


@network
def merges(lib, L):
    """The rest of the layers for sequences and vectors."""
    x = lib.Input((6, 4))
    a = L.ZeroPadding1D(1)(L.Cropping1D(1)(L.SpatialDropout1D(0.1)(x)))
    b = L.GaussianDropout(0.1)(L.GaussianNoise(0.1)(L.Identity()(x)))
    c = L.Average()([L.Maximum()([a, b]), L.Minimum()([a, x])])
    d = L.MaxPooling1D(2)(L.UpSampling1D(2)(L.ActivityRegularization(0.1)(c)))
    e = L.Dot(axes=1)([L.GlobalAveragePooling1D()(d), L.GlobalAveragePooling1D()(c)])
    return lib.Model(x, [L.Dense(2, activation="leaky_relu")(e), L.Dense(2)(d)])
