"""MNIST and Fashion-MNIST: 70,000 grey images of 28x28 pixels in 10 classes."""

from brasa.errors import FormatError

from .fetch import RemoteFile, fetch
from .idx import read_idx
from .splits import Split, TrainTest

FASHION_MNIST_CLASSES = (
    "T-shirt/top",
    "Trouser",
    "Pullover",
    "Dress",
    "Coat",
    "Sandal",
    "Shirt",
    "Sneaker",
    "Bag",
    "Ankle boot",
)

_ROWS = {"train": 60_000, "t10k": 10_000}

_MNIST = (
    (
        "https://ossci-datasets.s3.amazonaws.com/mnist/",
        "https://storage.googleapis.com/cvdf-datasets/mnist/",
    ),
    {
        "train-images-idx3": "440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609",
        "train-labels-idx1": "3552534a0a558bbed6aed32b30c495cca23d567ec52cac8be1a0730e8010255c",
        "t10k-images-idx3": "8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6",
        "t10k-labels-idx1": "f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6",
    },
)
_FASHION = (
    (
        "https://raw.githubusercontent.com/zalandoresearch/fashion-mnist/master/data/fashion/",
        "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/",
    ),
    {
        "train-images-idx3": "3aede38d61863908ad78613f6a32ed271626dd12800ba2636569512369268a84",
        "train-labels-idx1": "a04f17134ac03560a47e3764e11b92fc97de4d1bfaf8ba1a3aa29af54cc90845",
        "t10k-images-idx3": "346e55b948d973a97e58d2351dde16a484bd415d4595297633bb08f03db6a073",
        "t10k-labels-idx1": "67da17c76eaffca5446c3361aaab5c3cd6d1c2608764d35dfb1850b086bf8dd5",
    },
)
_SOURCES = {"mnist": _MNIST, "fashion-mnist": _FASHION}


def load_mnist() -> TrainTest:
    """MNIST: handwritten digits, ``(x, y), (x_test, y_test)``; 11 MB are fetched on first use.

    The four ``*-ubyte.gz`` files (or the unpacked ones) are looked for in
    ``$BRASA_DATA/mnist`` and ``$BRASA_DATA``; see :func:`brasa.datasets.data_dir` for the default.

    Shapes:
        x uint8 (60000, 28, 28, 1), y uint8 (60000,); x_test, y_test with 10000 rows

    Raises:
        ConnectionError: the files are not there and cannot be fetched; the message says what to do.
        ImportError: the files are not there and pooch is not installed.
        FormatError: a file is damaged or holds something else.

    Source: Y. LeCun, C. Cortes, C. Burges, http://yann.lecun.com/exdb/mnist
    """
    # Only MNIST may lie in the data folder itself: Fashion-MNIST has the same file names.
    return _load("mnist", "load_mnist", flat=True)


def load_fashion_mnist() -> TrainTest:
    """Fashion-MNIST: clothes, ``(x, y), (x_test, y_test)``; 31 MB are fetched on first use.

    The four ``*-ubyte.gz`` files (or the unpacked ones) are looked for in
    ``$BRASA_DATA/fashion-mnist``; see :func:`brasa.datasets.data_dir` for the default. The names
    of the classes are ``brasa.datasets.FASHION_MNIST_CLASSES``.

    Shapes:
        x uint8 (60000, 28, 28, 1), y uint8 (60000,); x_test, y_test with 10000 rows

    Raises:
        ConnectionError: the files are not there and cannot be fetched; the message says what to do.
        ImportError: the files are not there and pooch is not installed.
        FormatError: a file is damaged or holds something else.

    Source: H. Xiao, K. Rasul, R. Vollgraf, https://github.com/zalandoresearch/fashion-mnist, MIT
    """
    return _load("fashion-mnist", "load_fashion_mnist")


def load_data() -> TrainTest:
    """What ``load_mnist`` gives, in Keras's shapes: x (N, 28, 28), y (N,).

    ``from brasa.datasets import mnist`` and ``mnist.load_data()`` are what Keras code says.
    """
    return without_channel(load_mnist())


def without_channel(data: TrainTest) -> TrainTest:
    """Gray images without the axis of their channel."""
    (x, y), (x_test, y_test) = data
    return (x[..., 0], y), (x_test[..., 0], y_test)


def _load(folder: str, where: str, flat: bool = False) -> TrainTest:
    mirrors, hashes = _SOURCES[folder]
    files = {
        name: RemoteFile(folder, f"{name}-ubyte.gz", sha256, mirrors)
        for name, sha256 in hashes.items()
    }

    def split(part: str) -> Split:
        images = fetch(files[f"{part}-images-idx3"], where, flat)
        labels = fetch(files[f"{part}-labels-idx1"], where, flat)
        x = read_idx(images, 3, where)
        y = read_idx(labels, 1, where)
        rows = _ROWS[part]
        for path, array, shape in ((images, x, (rows, 28, 28)), (labels, y, (rows,))):
            if array.shape != shape or array.dtype != "uint8":
                raise FormatError(
                    f"{where}: {str(path)!r}: expected uint8 {shape}, "
                    f"got {array.dtype} {array.shape}: this is not the original file"
                )
        return x[..., None], y

    return split("train"), split("t10k")
