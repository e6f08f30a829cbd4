"""Single images and arrays of them, beside Keras where it is installed."""

import io

import numpy as np
import pytest

from brasa import FormatError, utils

Image = pytest.importorskip("PIL.Image")
RNG = np.random.default_rng(4)


@pytest.fixture
def path(tmp_path):
    Image.fromarray(RNG.integers(0, 256, (20, 31, 3), np.uint8)).save(tmp_path / "x.png")
    return tmp_path / "x.png"


@pytest.mark.parametrize("color_mode", ["grayscale", "rgb", "rgba"])
@pytest.mark.parametrize("interpolation", ["nearest", "bilinear", "bicubic", "lanczos", "box"])
@pytest.mark.parametrize("keep", [False, True])
def test_load_img_is_that_of_keras(color_mode, interpolation, keep, keras, path):
    for size in (None, (7, 9), (40, 31)):
        options = {"color_mode": color_mode, "target_size": size, "keep_aspect_ratio": keep}
        options["interpolation"] = interpolation
        ours, theirs = (
            utils.load_img(path, **options),
            keras("keras.utils.load_img", path, **options),
        )
        assert ours.mode == theirs.mode
        array = utils.img_to_array(ours)
        assert array.dtype == np.float32
        np.testing.assert_array_equal(array, keras("keras.utils.img_to_array", theirs))


def test_gray_files_keep_their_16_bits(tmp_path):
    levels = RNG.integers(0, 1 << 16, (4, 5), np.uint16)
    Image.fromarray(levels).save(tmp_path / "deep.png")
    gray = utils.img_to_array(utils.load_img(tmp_path / "deep.png", "grayscale"))
    np.testing.assert_array_equal(gray[..., 0], levels)
    color = utils.img_to_array(utils.load_img(tmp_path / "deep.png"))
    np.testing.assert_array_equal(color, np.repeat(levels[..., None] >> 8, 3, axis=2))


def test_load_img_from_memory(path):
    content = io.BytesIO(path.read_bytes())
    array = utils.img_to_array(utils.load_img(content), dtype="uint8")
    np.testing.assert_array_equal(array, np.asarray(Image.open(path)))
    with pytest.raises(FormatError, match="load_img: the image is no image that Pillow can read"):
        utils.load_img(io.BytesIO(b"text"))


@pytest.mark.parametrize("shape", [(4, 6, 1), (4, 6, 3), (4, 6, 4)])
@pytest.mark.parametrize("first", [False, True])
@pytest.mark.parametrize("scale", [False, True])
def test_arrays_and_images_are_those_of_keras(shape, first, scale, keras):
    pixels = RNG.uniform(3, 250, shape).astype(np.float32)
    x = pixels.transpose(2, 0, 1) if first else pixels
    order = "channels_first" if first else "channels_last"
    theirs = keras("keras.utils.array_to_img", x, order, scale)
    ours = utils.array_to_img(x, order, scale)
    assert ours.mode == theirs.mode
    np.testing.assert_array_equal(np.asarray(ours), np.asarray(theirs))
    np.testing.assert_array_equal(
        utils.img_to_array(ours, order), keras("keras.utils.img_to_array", theirs, order)
    )


def test_scaled_to_worked_numbers():
    x = np.array([[[1.0], [2.0], [3.0]]])
    assert np.asarray(utils.array_to_img(x)).tolist() == [[0, 127, 255]]
    assert np.asarray(utils.array_to_img(x, scale=False)).tolist() == [[1, 2, 3]]
    assert np.asarray(utils.array_to_img(np.full((1, 2, 1), 7.0))).tolist() == [[0, 0]]
    deep = utils.array_to_img(x * 300, scale=False)
    assert (deep.mode, np.asarray(deep).tolist()) == ("I", [[300, 600, 900]])


@pytest.mark.parametrize("name", ["y.png", "y.jpg", "y.JPEG", "y.bmp", "y.gif"])
def test_saved_and_read_again(name, tmp_path):
    smooth = np.add.outer(np.arange(16), np.arange(16))[..., None].repeat(3, axis=2) * 8
    utils.save_img(tmp_path / name, smooth, scale=False)
    again = utils.img_to_array(utils.load_img(tmp_path / name))
    limit = 0 if name[2:] in ("png", "bmp", "gif") else 4
    np.testing.assert_allclose(again, smooth, atol=limit)


def test_save_img_to_open_files_with_options(tmp_path):
    x = RNG.uniform(0, 255, (32, 32, 3))
    sizes = []
    for quality in (20, 95):
        content = io.BytesIO()
        utils.save_img(content, x, file_format="jpg", quality=quality)
        sizes.append(len(content.getvalue()))
    assert sizes[0] < sizes[1]
    with pytest.warns(UserWarning, match="the fourth channel is dropped"):
        utils.save_img(tmp_path / "z.jpg", RNG.uniform(0, 1, (4, 4, 4)))
    assert utils.load_img(tmp_path / "z.jpg", "rgba").size == (4, 4)


@pytest.mark.parametrize(
    ("call", "error", "match"),
    [
        (lambda p: utils.load_img(p, "cmyk"), ValueError, "color_mode must be one of"),
        (lambda p: utils.load_img(p, target_size=(0, 4)), ValueError, "target_size must be >= 1"),
        (lambda p: utils.load_img(p, "rgb", (2, 2), "cubic"), ValueError, "got 'cubic'"),
        (lambda p: utils.load_img(p.parent), FormatError, "is a folder"),
        (lambda p: utils.load_img(p.parent / "no"), FileNotFoundError, "there is no such file"),
        (lambda p: utils.load_img(3.5), TypeError, "path must be a str"),
        (lambda p: utils.img_to_array(np.zeros(3)), ValueError, "2 or 3 axes"),
        (lambda p: utils.img_to_array(np.zeros((3, 3)), "hwc"), ValueError, "got 'hwc'"),
        (lambda p: utils.array_to_img(np.zeros((3, 3))), ValueError, r"3 axes \(H, W, C\)"),
        (lambda p: utils.array_to_img(np.zeros((3, 3, 2))), ValueError, "1, 3 or 4 channels"),
        (lambda p: utils.array_to_img(np.zeros((0, 3, 3))), ValueError, "must have pixels"),
        (lambda p: utils.array_to_img([["a"]]), TypeError, "must hold real numbers"),
        (lambda p: utils.save_img(p.parent / "x", np.zeros((2, 2, 3))), ValueError, "no format"),
        (lambda p: utils.save_img(io.BytesIO(), np.zeros((2, 2, 3))), ValueError, "no format"),
    ],
)
def test_bad_arguments(call, error, match, path):
    with pytest.raises(error, match=match):
        call(path)
