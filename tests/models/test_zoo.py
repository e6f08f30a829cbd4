"""The reference models: sizes, bad arguments, and that small ones learn a batch by heart."""

from functools import partial

import numpy as np
import pytest

import brasa
from brasa import initializers, models, runtime
from brasa.models.residual import bottleneck
from brasa.models.resnet import build as residual_network
from brasa.models.resnext import grouped_bottleneck

IMAGE, SMALL, GRAY = (32, 32, 3), (16, 16, 3), (8, 8, 1)


def trainable(model):
    return sum(p.size for p in model.trainable_weights)


@pytest.fixture
def quick(monkeypatch):
    """Weights that need no random numbers: 100 million of those take a second."""
    for name in ("HeNormal", "GlorotUniform"):
        cls = getattr(initializers, name)
        monkeypatch.setattr(cls, "values", lambda self, shape: np.zeros(shape, np.float32))


# What the dense layers of VGG and AlexNet have more on 224 pixels than on smaller images.
def vgg(depth, **options):
    return trainable(models.vgg(depth, 1000, IMAGE, **options)) + (7 * 7 - 1) * 512 * 4096


def alexnet():
    return trainable(models.alexnet(1000, (63, 63, 3))) + (6 * 6 - 1) * 256 * 4096


@pytest.mark.parametrize(
    ("count", "published"),
    [
        (alexnet, 61_100_840),
        (lambda: vgg(11), 132_863_336),
        (lambda: vgg(13), 133_047_848),
        (lambda: vgg(16), 138_357_544),
        (lambda: vgg(16, batch_norm=True), 138_365_992),
        (lambda: vgg(19), 143_667_240),
        (lambda: trainable(models.googlenet()), 6_624_904),
        (lambda: trainable(models.googlenet(auxiliary=True)), 13_004_888),
        (lambda: trainable(models.googlenet(form="paper")), 6_998_552),
        (lambda: trainable(models.googlenet(form="paper", auxiliary=True)), 13_378_280),
        (lambda: trainable(models.resnet34()), 21_797_672),
        (lambda: trainable(models.resnet50()), 25_557_032),
        (lambda: trainable(models.resnet101()), 44_549_160),
        (lambda: trainable(models.resnet152()), 60_192_808),
        (lambda: trainable(models.resnet20()), 269_722),
        (lambda: trainable(models.resnet20(shortcut="projection")), 272_474),
        (lambda: trainable(models.resnet32()), 464_154),
        (lambda: trainable(models.resnet44()), 658_586),
        (lambda: trainable(models.resnet56()), 853_018),
        (lambda: trainable(models.resnet110()), 1_727_962),
        (lambda: trainable(models.resnext50()), 25_028_904),
        (lambda: trainable(models.resnext101()), 88_791_336),
        (lambda: trainable(models.se_resnet50()), 28_088_024),
        (lambda: trainable(models.densenet121()), 7_978_856),
        (lambda: trainable(models.densenet()), 1_019_722),
        (lambda: trainable(models.mobilenet()), 4_231_976),
        (lambda: trainable(models.densenet(100, 12, bottleneck=True)), 769_162),
    ],
    ids=lambda value: str(value) if isinstance(value, int) else "",
)
def test_sizes_are_the_published_ones(quick, count, published):
    assert count() == published


@pytest.mark.slow
def test_the_size_on_224_pixels_needs_no_correction(quick):
    assert trainable(models.vgg16()) == 138_357_544
    assert trainable(models.alexnet()) == 61_100_840


@pytest.mark.parametrize("name", ["vgg11", "vgg13", "vgg16", "vgg19"])
def test_a_depth_has_its_own_name(quick, name):
    by_name = getattr(models, name)(10, IMAGE, small_images=True)
    by_depth = models.vgg(int(name[3:]), 10, IMAGE, small_images=True)
    assert by_name.name == name
    assert [w.shape for w in by_name.weights] == [w.shape for w in by_depth.weights]


@pytest.mark.parametrize(
    "build",
    [
        lambda **o: models.resnet18(5, IMAGE, **o),
        lambda **o: models.resnet50(5, IMAGE, **o),
        lambda **o: models.densenet121(5, IMAGE, **o),
        lambda **o: models.googlenet(5, IMAGE, **o),
        lambda **o: models.resnext50(5, IMAGE, **o),
        lambda **o: models.mobilenet(5, IMAGE, **o),
    ],
)
def test_small_images_keep_their_size_longer(quick, build):
    def last_map(model):
        shapes = [call.outputs[0].shape for call in model.network.calls]
        return [shape for shape in shapes if len(shape) == 4][-1][1:3]

    assert last_map(build()) == (1, 1)
    # Three halvings are left in a residual network, DenseNet and MobileNet, two in GoogLeNet.
    assert last_map(build(small_images=True)) in [(4, 4), (8, 8)]


@pytest.mark.parametrize(
    ("build", "error", "message"),
    [
        (lambda: models.mlp(0), ValueError, "units must be >= 1, got 0"),
        (lambda: models.mlp(units=(0,)), ValueError, "units must be >= 1, got 0"),
        (lambda: models.mlp(units=3), TypeError, "mlp: units must be a tuple such as"),
        (lambda: models.vgg(12), ValueError, "vgg: depth must be one of 11, 13, 16, 19, got 12"),
        (lambda: models.vgg16(10, (16, 16, 3)), ValueError, "max_pool2d"),
        (lambda: models.googlenet(form="v2"), ValueError, "googlenet: form 'v2' is unknown"),
        (lambda: models.resnet20(shortcut="b"), ValueError, "resnet20: shortcut 'b' is unknown"),
        (lambda: models.densenet(41), ValueError, r"depth must be 3 n \+ 4 with n >= 1.*got 41"),
        (lambda: models.densenet(4), ValueError, "densenet: depth must be"),
        (lambda: models.densenet(40, 0), ValueError, "densenet: growth must be >= 1, got 0"),
        (lambda: models.densenet(13, bottleneck=True), ValueError, r"6 n \+ 4"),
        (lambda: models.se_resnet20(reduction=0), ValueError, "reduction must be >= 1, got 0"),
        (lambda: models.autoencoder((27, 28, 1)), ValueError, "multiples of 4, got \\(27, 28, 1"),
        (lambda: models.autoencoder(code=0), ValueError, "units must be >= 1, got 0"),
        (lambda: models.autoencoder(filters=(8,)), ValueError, "autoencoder: filters must be 1 or"),
        (lambda: models.gan_generator(64, 28), TypeError, "shape must be a tuple"),
        (lambda: models.gan_generator(64, (28, 28)), ValueError, "gan_generator: output_shape"),
        (lambda: models.gan_generator(64, (28, 30, 1)), ValueError, "multiples of 4"),
        (lambda: models.gan_discriminator((30, 28, 1)), ValueError, "gan_discriminator: input_sh"),
        (lambda: models.alexnet(10, (32, 32, 3)), ValueError, "max_pool2d"),
        (lambda: models.mobilenet(width=0), ValueError, "mobilenet: width must be > 0, got 0.0"),
        (lambda: models.mobilenet(width="1"), TypeError, "mobilenet: width must be a number"),
        (lambda: models.resnext50(groups=0), ValueError, "resnext50: groups must be >= 1, got 0"),
        (lambda: models.resnext101(group_width=0.5), TypeError, "resnext101: group_width must be"),
        (lambda: models.resnet50(10, 32), TypeError, "shape must be a tuple"),
    ],
)
def test_bad_arguments(quick, build, error, message):
    with pytest.raises(error, match=message):
        build()


# ---- learning ------------------------------------------------------------------------------

GROUPED = partial(grouped_bottleneck, groups=8, width=4)
NETWORKS = {
    "mlp": lambda: models.mlp(10, GRAY, (64, 32), dropout=0.1),
    "alexnet": lambda: models.alexnet(10, GRAY, 0.1, small_images=True, units=64),
    "vgg11": lambda: models.vgg11(10, IMAGE, small_images=True),
    "vgg11_bn": lambda: models.vgg11(10, IMAGE, batch_norm=True, dropout=0, units=64),
    "googlenet": lambda: models.googlenet(10, IMAGE, dropout=0),
    "resnet_bottleneck": lambda: residual_network("r", bottleneck, (1, 1, 1, 1), 10, IMAGE, False),
    "grouped_bottleneck": lambda: residual_network("r", GROUPED, (1, 1, 1, 1), 10, IMAGE, False),
    "resnet20": lambda: models.resnet20(10, SMALL),
    "resnet20_b": lambda: models.resnet20(10, SMALL, "projection"),
    "se_resnet20": lambda: models.se_resnet20(10, SMALL),
    "densenet": lambda: models.densenet(13, 12, 10, SMALL),
    "densenet_bc": lambda: models.densenet(16, 12, 10, SMALL, bottleneck=True),
    "densenet121": lambda: models.densenet121(10, IMAGE),
    "mobilenet": lambda: models.mobilenet(10, SMALL, 0.25, small_images=True),
}


def batch(model):
    """Eight digits, or eight images of noise, each with a label of its own."""
    if model.input_shape[1:] == GRAY:
        (x, y), _ = brasa.datasets.load_digits()
        return x[:8].astype(np.float32) / 16, y[:8]
    random = np.random.default_rng(0)
    return random.standard_normal((8, *model.input_shape[1:]), np.float32), np.arange(8)


@pytest.mark.parametrize("name", NETWORKS)
def test_a_small_network_learns_a_batch_by_heart(name):
    brasa.set_seed(1)
    model = NETWORKS[name]()
    rate = 1e-2 if name == "mlp" else 1e-3
    model.compile(brasa.optimizers.Adam(rate), "sparse_categorical_crossentropy")
    x, y = batch(model)
    losses = [float(model.train_on_batch(x, y))]
    assert losses[0] > 1.5
    while losses[-1] > 0.25 and len(losses) < 40:
        losses.append(float(model.train_on_batch(x, y)))
    assert losses[-1] < 0.25, losses
    assert np.isfinite(model.predict_on_batch(x)).all()


@pytest.mark.parametrize("name", ["se_resnet20", "densenet_bc"])
def test_the_number_of_threads_changes_no_bit(name, threads):
    def trained(count):
        runtime.set_threads(count)
        brasa.set_seed(1)
        model = NETWORKS[name]()
        model.compile("adam", "sparse_categorical_crossentropy")
        x, y = batch(model)
        for _ in range(2):
            model.train_on_batch(x, y)
        return [*model.get_weights(), model.predict_on_batch(x)]

    one, two = trained(1), trained(2)
    assert all(np.array_equal(a, b) for a, b in zip(one, two, strict=True))


@pytest.mark.parametrize("name", ["googlenet", "resnet20", "se_resnet20", "densenet"])
def test_a_file_keeps_model_and_training(name, tmp_path):
    brasa.set_seed(2)
    model = NETWORKS[name]()
    model.compile("adam", "sparse_categorical_crossentropy")
    x, y = batch(model)
    model.train_on_batch(x, y)
    model.save(tmp_path / "model.brasa")
    again = brasa.load_model(tmp_path / "model.brasa")
    assert np.array_equal(again.predict_on_batch(x), model.predict_on_batch(x))
    assert again.train_on_batch(x, y) == model.train_on_batch(x, y)


def test_auxiliary_outputs_add_their_losses():
    brasa.set_seed(0)
    model = models.googlenet(10, SMALL, auxiliary=True, dropout=0, small_images=True)
    assert model.output_shape == [(None, 10)] * 3
    model.compile("sgd", "sparse_categorical_crossentropy", loss_weights=[1, 0.3, 0.3])
    x, y = batch(model)
    total = model.evaluate(x, [y, y, y], verbose=0)
    p = model.predict_on_batch(x)
    single = [-np.log(one[np.arange(8), y]).mean() for one in p]
    assert abs(np.ravel(total)[0] - (single[0] + 0.3 * single[1] + 0.3 * single[2])) < 1e-4
    before = [w.numpy() for w in model.trainable_weights]
    model.train_on_batch(x, [y, y, y])
    pairs = zip(model.trainable_weights, before, strict=True)
    assert not [w.name for w, old in pairs if np.array_equal(w.value, old)]


def test_an_autoencoder_learns_digits_and_has_an_encoder():
    brasa.set_seed(0)
    (x, _), _ = brasa.datasets.load_digits()
    x = x[:512].astype(np.float32) / 16
    model = models.autoencoder((8, 8, 1), code=16, filters=(8, 16))
    model.compile(brasa.optimizers.Adam(5e-3), "mse")
    model.fit(x, x, batch_size=32, epochs=8, verbose=0)
    encoder = brasa.Model(model.input, model.get_layer("code").output)
    assert encoder.predict_on_batch(x).shape == (512, 16)
    # The mean image is what a network without a code could learn.
    assert model.evaluate(x, x, verbose=0) < 0.5 * ((x - x.mean(0)) ** 2).mean()
