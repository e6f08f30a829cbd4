"""What to try, for each thing that may be wrong."""

# By the place of the first NaN or infinity: Fault.where.
NOT_FINITE = {
    "data": "clean the data: fit refuses such values in x unless check_finite=False",
    "weight": "the steps before made it so: go back to weights that are finite, then a smaller "
    "learning rate, or clipping (global_clipnorm=1.0)",
    "forward": "numbers grew beyond float32: scale the inputs to about [-1, 1], a smaller learning "
    "rate, BatchNormalization",
    "loss": "outputs and targets are too far apart for float32: scale the targets; where large "
    "weights overflow a regularizer: smaller factors",
    "backward": "clipping (clipvalue=1.0), a smaller learning rate, smaller initial weights",
    "update": "the optimizer's slots hold what an earlier step left: compile anew from finite "
    "weights, then a smaller learning rate",
}

EXPLODING = (
    "a smaller learning rate, clipping (global_clipnorm=1.0), smaller initial weights "
    "(glorot_uniform, he_normal), inputs scaled to about [-1, 1], BatchNormalization"
)
EXPLODING_IN_TIME = (
    "clipping (global_clipnorm=1.0), an orthogonal recurrent_initializer, LSTM or GRU in place of "
    "SimpleRNN, shorter sequences"
)
DEAD = (
    "a smaller learning rate, biases that start at 0, he_normal, LeakyReLU or ELU, "
    "BatchNormalization before the ReLU"
)
SATURATED = (
    "inputs scaled to about [-1, 1], smaller initial weights, BatchNormalization before the "
    "activation, ReLU in place of sigmoid and tanh"
)
VANISHING = (
    "ReLU in place of sigmoid and tanh, glorot_uniform or he_normal, BatchNormalization, skip "
    "connections (Add)"
)

_AT_EVERY_STEP = "shorter sequences, a loss at every step (return_sequences=True)"

# Where a gradient fades through time, by the op.
KEEP = {
    "gru": f"a bias of the update gate z above 0, {_AT_EVERY_STEP}",
    "lstm": f"a bias of the forget gate of 1 (unit_forget_bias) or more, {_AT_EVERY_STEP}",
    "simple_rnn": "LSTM or GRU in its place, an orthogonal recurrent_initializer, "
    f"{_AT_EVERY_STEP}",
}

NO_GRADIENT = "outputs that depend on the weights; sample weights and loss weights above 0"
SHORT_STEPS = (
    "a larger learning rate, inputs scaled to about [-1, 1]; nothing, if the loss is where it "
    "should be"
)
