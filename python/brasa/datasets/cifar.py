"""CIFAR-10 and CIFAR-100: 60,000 colour images each, of 32x32 pixels."""

from .cifar_files import CifarFiles, joined
from .fetch import RemoteFile
from .splits import TrainTest

CIFAR10_CLASSES = (
    "airplane",
    "automobile",
    "bird",
    "cat",
    "deer",
    "dog",
    "frog",
    "horse",
    "ship",
    "truck",
)

# As in the archive's lists of names.
_FINE = """
    apple aquarium_fish baby bear beaver bed bee beetle bicycle bottle
    bowl boy bridge bus butterfly camel can castle caterpillar cattle
    chair chimpanzee clock cloud cockroach couch crab crocodile cup dinosaur
    dolphin elephant flatfish forest fox girl hamster house kangaroo keyboard
    lamp lawn_mower leopard lion lizard lobster man maple_tree motorcycle mountain
    mouse mushroom oak_tree orange orchid otter palm_tree pear pickup_truck pine_tree
    plain plate poppy porcupine possum rabbit raccoon ray road rocket
    rose sea seal shark shrew skunk skyscraper snail snake spider
    squirrel streetcar sunflower sweet_pepper table tank telephone television tiger tractor
    train trout tulip turtle wardrobe whale willow_tree wolf woman worm
"""
_COARSE = """
    aquatic_mammals fish flowers food_containers fruit_and_vegetables
    household_electrical_devices household_furniture insects large_carnivores
    large_man-made_outdoor_things large_natural_outdoor_scenes large_omnivores_and_herbivores
    medium_mammals non-insect_invertebrates people reptiles small_mammals trees
    vehicles_1 vehicles_2
"""
CIFAR100_CLASSES = tuple(_FINE.split())
CIFAR100_SUPERCLASSES = tuple(_COARSE.split())

_TRAIN = tuple(f"data_batch_{number}.bin" for number in range(1, 6))
_TEST = ("test_batch.bin",)
_CIFAR10 = CifarFiles(
    RemoteFile(
        folder="cifar-10",
        name="cifar-10-binary.tar.gz",
        sha256="c4a38c50a1bc5f3a1c5537f2155ab9d68f9f25eb1ed8d9ddda3db29a59bca1dd",
        mirrors=(
            "https://www.cs.toronto.edu/~kriz/",
            "https://cave.cs.toronto.edu/kriz/",
            "https://storage.googleapis.com/s4tf-hosted-binaries/datasets/CIFAR10/",
        ),
    ),
    unpacked="cifar-10-batches-bin",
    rows=dict.fromkeys(_TRAIN + _TEST, 10_000),
    classes=(10,),
)
_CIFAR100 = CifarFiles(
    RemoteFile(
        folder="cifar-100",
        name="cifar-100-binary.tar.gz",
        sha256="58a81ae192c23a4be8b1804d68e518ed807d710a4eb253b1f2a199162a40d8ec",
        mirrors=("https://www.cs.toronto.edu/~kriz/", "https://cave.cs.toronto.edu/kriz/"),
    ),
    unpacked="cifar-100-binary",
    rows={"train.bin": 50_000, "test.bin": 10_000},
    classes=(20, 100),
)
_LABELS = ("coarse", "fine")  # in this order in a record


def load_cifar10() -> TrainTest:
    """CIFAR-10, ``(x, y), (x_test, y_test)``; 162 MB are fetched on first use.

    ``cifar-10-binary.tar.gz`` or the unpacked folder ``cifar-10-batches-bin`` is looked for in
    ``$BRASA_DATA/cifar-10`` and ``$BRASA_DATA``; :func:`brasa.datasets.data_dir` tells the default.
    Unlike Keras's, the labels have one axis. Names: ``brasa.datasets.CIFAR10_CLASSES``.

    Shapes:
        x uint8 (50000, 32, 32, 3), red first; y uint8 (50000,); x_test, y_test with 10000 rows

    Raises:
        ConnectionError: the file is not there and cannot be fetched; the message says what to do.
        ImportError: the file is not there and pooch is not installed.
        FormatError: the file is damaged or holds something else.

    Source: A. Krizhevsky, https://www.cs.toronto.edu/~kriz/cifar.html
    """
    parts = _CIFAR10.read("load_cifar10")
    return joined(parts, _TRAIN, 0), joined(parts, _TEST, 0)


def load_cifar100(label_mode: str = "fine") -> TrainTest:
    """CIFAR-100, ``(x, y), (x_test, y_test)``; 161 MB are fetched on first use.

    ``cifar-100-binary.tar.gz`` or the unpacked folder ``cifar-100-binary`` is looked for in
    ``$BRASA_DATA/cifar-100`` and ``$BRASA_DATA``; :func:`brasa.datasets.data_dir` tells the
    default. Unlike Keras's, the labels have one axis.

    Args:
        label_mode: "fine": 100 classes, ``brasa.datasets.CIFAR100_CLASSES``. "coarse": the 20 that
            they belong to, ``brasa.datasets.CIFAR100_SUPERCLASSES``.

    Shapes:
        x uint8 (50000, 32, 32, 3), red first; y uint8 (50000,); x_test, y_test with 10000 rows

    Raises:
        ValueError: label_mode is another one.
        ConnectionError: the file is not there and cannot be fetched; the message says what to do.
        ImportError: the file is not there and pooch is not installed.
        FormatError: the file is damaged or holds something else.

    Source: A. Krizhevsky, https://www.cs.toronto.edu/~kriz/cifar.html
    """
    where = "load_cifar100"
    if label_mode not in _LABELS:
        raise ValueError(f"{where}: label_mode must be 'fine' or 'coarse', got {label_mode!r}")
    parts = _CIFAR100.read(where)
    label = _LABELS.index(label_mode)
    return joined(parts, ("train.bin",), label), joined(parts, ("test.bin",), label)
