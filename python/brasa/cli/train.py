"""``brasa train``: a reference model on a data set, from nothing to a saved model and pictures."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from brasa.cli import char_rnn
from brasa.cli.data import DATA, DataChoice

if TYPE_CHECKING:
    from brasa.callbacks import History
    from brasa.model import Model


# Command -> function of brasa.models, its options, what it is.
_NETWORKS: dict[str, tuple[str, dict[str, Any], str]] = {
    "lenet": ("lenet5", {}, "LeNet-5"),
    "mlp": ("mlp", {"dropout": 0.2}, "two dense layers"),
    "alexnet": ("alexnet", {"small_images": True, "units": 1024}, "AlexNet, narrower at its end"),
    "vgg11": ("vgg11", {"small_images": True, "batch_norm": True}, "VGG-11, normalized"),
    "vgg16": ("vgg16", {"small_images": True, "batch_norm": True}, "VGG-16, normalized"),
    "googlenet": ("googlenet", {"small_images": True}, "GoogLeNet"),
    "resnet18": ("resnet18", {"small_images": True}, "ResNet-18"),
    "resnet20": ("resnet20", {}, "ResNet-20, made for CIFAR"),
    "resnet56": ("resnet56", {}, "ResNet-56, made for CIFAR"),
    "se_resnet20": ("se_resnet20", {}, "ResNet-20 with squeeze-and-excitation"),
    "resnext50": ("resnext50", {"small_images": True}, "ResNeXt-50 of 32 groups"),
    "densenet": ("densenet", {}, "DenseNet of 40 layers"),
    "mobilenet": ("mobilenet", {"small_images": True}, "MobileNet"),
}


def add_command(commands: Any) -> None:
    """Add ``train`` and its models."""
    train = commands.add_parser("train", help="train a reference model")
    models = train.add_subparsers(title="models", metavar="MODEL", required=True)
    for name, (_, _, what) in _NETWORKS.items():
        _add_network(models, name, what)
    char_rnn.add_model(models)


def _add_network(models: Any, name: str, what: str) -> None:
    command = models.add_parser(
        name,
        help=f"{what}, on images",
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    add = command.add_argument
    add("--data", choices=sorted(DATA), default="digits", help="the data set")
    add("--epochs", type=int, help="passes over the data (digits 60, others 5)")
    add("--batch-size", type=int, help="samples per step (digits 16, others 64)")
    add("--optimizer", default="adam", help="the name of one, as in compile")
    add("--learning-rate", type=float, help="the optimizer's own when left out")
    add("--augment", action="store_true", help="shift the images in training, mirror pictures")
    add("--seed", type=int, default=1, help="reproduces the run")
    add("--threads", type=int, help="all that this process may use when left out")
    add("--out", type=Path, default=Path(f"{name}-run"), help="folder for the results")
    command.set_defaults(run=run, network=name)


def run(options: argparse.Namespace) -> None:
    """Train, report, and write model.brasa, history.csv, curves.png and confusion.png."""
    import numpy as np

    import brasa
    from brasa import runtime
    from brasa.callbacks import CSVLogger

    choice = DATA[options.data]
    small = options.data == "digits"
    epochs = (60 if small else 5) if options.epochs is None else options.epochs
    if epochs < 1:
        raise ValueError(f"train: epochs must be >= 1, got {epochs}")
    batch_size = (16 if small else 64) if options.batch_size is None else options.batch_size
    options.out.mkdir(parents=True, exist_ok=True)
    if options.threads is not None:
        runtime.set_threads(options.threads)
    brasa.set_seed(options.seed)
    (x, y), (x_test, y_test) = choice.load()
    model = _model(choice, x.shape[1:], options)
    model.summary(batch_size)
    print(
        f"{options.data}: {len(x):,} training and {len(x_test):,} test images; "
        f"{runtime.threads()} threads, {runtime.implementation()}"
    )
    history = model.fit(
        x,
        y,
        batch_size=batch_size,
        epochs=epochs,
        validation_data=(x_test, y_test),
        callbacks=[CSVLogger(str(options.out / "history.csv"))],
    )
    model.save(options.out / "model.brasa")
    predicted = np.argmax(model.predict(x_test, batch_size=256), axis=-1)
    counts = np.zeros((len(choice.classes),) * 2, np.int64)
    np.add.at(counts, (y_test.astype(np.int64), predicted), 1)
    _report(history, counts, choice.classes)
    _draw(history, counts, choice.classes, options.out)
    accuracy = history.history["val_accuracy"][-1]
    print(f"test accuracy {accuracy:.4f}   model saved to {options.out / 'model.brasa'}")


def _model(choice: DataChoice, shape: tuple[int, ...], options: argparse.Namespace) -> Model:
    from brasa import Model, layers, models, optimizers

    optimizer = optimizers.get(options.optimizer)
    if options.learning_rate is not None:
        optimizer.learning_rate = options.learning_rate
    function, arguments, _ = _NETWORKS[options.network]
    classes = len(choice.classes)
    network = getattr(models, function)(classes=classes, input_shape=shape, **arguments)
    image = layers.Input(shape)
    seen = layers.Rescaling(1 / choice.white)(image)
    if options.augment:
        seen = _augmented(seen, shape, mirrors=choice.mirrors)
    model = Model(image, network(seen), name=network.name)
    model.compile(optimizer, "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


def _augmented(images: Any, shape: tuple[int, ...], *, mirrors: bool) -> Any:
    """Shifts by up to an eighth, 4 pixels of CIFAR's 32, and pictures mirrored half of the time."""
    from brasa import layers

    height, width = shape[:2]
    images = layers.ZeroPadding2D((height // 8, width // 8))(images)
    images = layers.RandomCrop(height, width)(images)
    return layers.RandomFlip("horizontal")(images) if mirrors else images


def _report(history: History, counts: Any, names: tuple[str, ...]) -> None:
    """The last epochs, and how each class fares."""
    print(f"\n{'epoch':>5}  {'loss':>8}  {'accuracy':>8}  {'val_loss':>8}  {'val_accuracy':>12}")
    logs = history.history
    for epoch in list(history.epoch)[-5:]:
        loss, accuracy = logs["loss"][epoch], logs["accuracy"][epoch]
        val_loss, val_accuracy = logs["val_loss"][epoch], logs["val_accuracy"][epoch]
        print(
            f"{epoch + 1:>5}  {loss:8.4f}  {accuracy:8.4f}  {val_loss:8.4f}  {val_accuracy:12.4f}"
        )
    print(f"\n{'class':>10}  {'images':>6}  {'right':>6}  {'recall':>6}")
    for index, name in enumerate(names):
        total, right = int(counts[index].sum()), int(counts[index, index])
        print(f"{name:>10}  {total:6d}  {right:6d}  {right / max(total, 1):6.3f}")
    print()


def _draw(history: History, counts: Any, names: tuple[str, ...], folder: Path) -> None:
    from brasa import plots

    try:
        plots.training_curves(history.history, folder / "curves.png")
        plots.confusion_matrix(counts, folder / "confusion.png", list(names))
    except ImportError as error:
        print(f"no pictures: {error}", file=sys.stderr)
    else:
        print(f"pictures: {folder / 'curves.png'}, {folder / 'confusion.png'}")
