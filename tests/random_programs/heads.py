"""The ends of programs: outputs, losses, optimizers, sizes of batches."""

from tests.random_programs.program import Code, call

# Activation before the loss, the loss, and what its targets are.
HEADS = (
    (None, "MeanSquaredError()", "numbers"),
    (None, "MeanAbsoluteError()", "numbers"),
    (None, "Huber(delta=0.7)", "numbers"),
    (None, "LogCosh()", "numbers"),
    (None, "CosineSimilarity()", "numbers"),
    ("softplus", "Poisson()", "positive"),
    ("softplus", "MeanSquaredLogarithmicError()", "positive"),
    (None, "MeanAbsolutePercentageError()", "positive"),
    ("sigmoid", "BinaryCrossentropy()", "shares"),
    ("sigmoid", "BinaryCrossentropy(label_smoothing=0.1)", "shares"),
    (None, "BinaryCrossentropy(from_logits=True)", "shares"),
    (None, "BinaryFocalCrossentropy(from_logits=True)", "bits"),
    ("softmax", "CategoricalCrossentropy()", "classes"),
    ("softmax", "CategoricalCrossentropy(label_smoothing=0.2)", "classes"),
    (None, "CategoricalCrossentropy(from_logits=True)", "classes"),
    ("softmax", "CategoricalFocalCrossentropy()", "classes"),
    ("softmax", "KLDivergence()", "classes"),
    ("softmax", "SparseCategoricalCrossentropy()", "ids"),
    ("softmax", "SparseCategoricalCrossentropy()", "ids"),
    (None, "SparseCategoricalCrossentropy(from_logits=True)", "ids"),
    (None, "SparseCategoricalCrossentropy(from_logits=True, ignore_class=0)", "ids"),
    ("tanh", "Hinge()", "signs"),
    ("tanh", "SquaredHinge()", "signs"),
    (None, "CategoricalHinge()", "classes"),
    ("sigmoid", "Dice()", "bits"),
    ("sigmoid", "Tversky()", "bits"),
)
OPTIMIZERS = (
    "SGD(0.1{})", "SGD(0.1{})", "SGD(0.1{})", "SGD(0.05, momentum=0.9{})",
    "SGD(0.05, momentum=0.8, nesterov=True{})", "Adam(0.01, epsilon=0.001{})",
    "Adam(0.01, epsilon=0.001, amsgrad=True{})", "AdamW(0.01, weight_decay=0.1, epsilon=0.001{})",
    "RMSprop(0.01, epsilon=0.001{})", "RMSprop(0.01, momentum=0.5, epsilon=0.01{})",
    "RMSprop(0.01, centered=True, epsilon=0.01{})", "Adagrad(0.05, epsilon=0.001{})",
    "Adadelta(1.0, epsilon=0.001{})", "Adamax(0.01, epsilon=0.001{})",
    "Nadam(0.01, epsilon=0.001{})",
)  # fmt: skip
LIMITS = ("clipnorm=0.5", "clipvalue=0.05", "global_clipnorm=0.3", "weight_decay=0.05")
SIZES = (1, 2, 3, 7, 8, 16, 17, 24, 33, 64, 70)
MOST = 60_000


def end(writer):
    """One or more outputs; some are inner tensors of others."""
    draw = writer.draw
    writer.outputs, writer.targets, kinds = [], [], []
    chosen = [writer.names[-1]] + [draw.one(writer.names) for _ in range(draw.one((0, 0, 1, 2)))]
    for x in dict.fromkeys(chosen):
        inner = writer.outputs and x not in writer.inputs and draw.chance(0.4)
        if inner:
            y, loss, target = x, "MeanSquaredError()", "numbers"
        else:
            y, loss, target = head(writer, x)
        if y not in writer.outputs:
            writer.outputs.append(y)
            writer.targets.append((target, writer.shape(y)[1:]))
            kinds.append(Code(f"losses.{loss}"))
    optimizer = draw.one(OPTIMIZERS)
    limit = f", {draw.one(LIMITS)}" if draw.chance(0.25) and "weight_decay" not in optimizer else ""
    options = {"optimizer": Code(f"optimizers.{optimizer.format(limit)}")}
    options["loss"] = kinds[0] if len(kinds) == 1 else kinds
    if len(kinds) > 1 and draw.chance(0.5):
        options["loss_weights"] = [draw.one((1.0, 0.3, 2.0)) for _ in kinds]
    writer.compiled = call("", **options)[1:-1]
    batch = draw.one(SIZES)
    writer.training = {
        "batch_size": batch,
        "rows": batch + draw.one((0, 0, 1, batch // 2)),
        "epochs": draw.one((1, 2)),
        # Keras wants a weight for each loss of a row, and dice is one number of all rows.
        "weighted": all(len(shape) == 1 for _, shape in writer.targets)
        and not any("Dice" in kind or "Tversky" in kind for kind in kinds)
        and draw.chance(0.2),
    }


def head(writer, x):
    draw = writer.draw
    rank = writer.rank(x)
    size = 1
    for extent in writer.shape(x)[1:]:
        size *= extent
    if rank == 4 and draw.chance(0.7):
        kinds = ["GlobalAveragePooling2D", "GlobalMaxPooling2D", *["Flatten"] * (size < 700)]
        x = writer.layer(draw.one(kinds), x)
    elif rank == 3 and draw.chance(0.5):
        kinds = ["GlobalAveragePooling1D", "GlobalMaxPooling1D", *["Flatten"] * (size < 700)]
        x = writer.layer(draw.one(kinds), x)
    elif rank == 5:
        x = writer.layer("Flatten", x)
    # Dice and Tversky give one number of all rows, of which no mask leaves any out.
    activation, loss, target = draw.one(HEADS[:-2] if writer.has_masks() else HEADS)
    width = draw.one((2, 3, 5, 10, 17) if target in ("classes", "ids") else (1, 2, 3, 5, 10))
    if activation in ("softmax", "sigmoid"):  # Keras clips probabilities below 1e-7
        x = writer.layer("Activation", x, activation="tanh")
    y = writer.layer("Dense", x, units=width, activation=activation)
    return y, loss, target
