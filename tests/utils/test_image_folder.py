"""Folders of images as batches: what Keras makes of the same folders, and what is in the way."""

import builtins
import io
import pickle

import numpy as np
import pytest

from brasa import FormatError, Sequential, layers, runtime, utils

Image = pytest.importorskip("PIL.Image")

CLASSES = ["bees", "ants", "cows"]


def picture(seed, height=9, width=13, channels=3):
    pixels = np.random.default_rng(seed).integers(0, 256, (height, width, channels), np.uint8)
    return Image.fromarray(pixels[..., 0] if channels == 1 else pixels)


@pytest.fixture
def folder(tmp_path):
    """3 classes of 4, 5 and 6 images, some of them deeper, and files that are none."""
    root = tmp_path / "pictures"
    for label, name in enumerate(CLASSES):
        (root / name / "more").mkdir(parents=True)
        for i in range(4 + label):
            place = root / name / "more" if i % 3 == 1 else root / name
            picture(10 * label + i, 9 + i, 13 - label).save(place / f"{i}.png")
        (root / name / "notes.txt").write_text("no image")
    (root / ".hidden").mkdir()
    picture(99).save(root / ".hidden" / "0.png")
    return root


def read(folder, **options):
    options = {"image_size": (8, 8), "verbose": False, "batch_size": 4, **options}
    return utils.image_dataset_from_directory(folder, **options)


def all_of(batches):
    parts = zip(*[batches[i] for i in range(len(batches))], strict=True)
    return [np.concatenate(part) for part in parts]


def test_files_and_classes_by_name(folder, capsys):
    data = read(folder, shuffle=False, verbose=True)
    assert capsys.readouterr().out == "15 files of 3 classes\n"
    assert data.class_names == sorted(CLASSES)
    assert data.file_paths[:3] == [
        str(folder / "ants" / name) for name in ("0.png", "2.png", "3.png")
    ]
    assert data.labels.tolist() == [0] * 5 + [1] * 4 + [2] * 6
    x, y = all_of(data)
    assert len(data) == 4
    assert (x.shape, x.dtype, y.dtype) == ((15, 8, 8, 3), np.float32, np.int32)
    np.testing.assert_array_equal(y, data.labels)
    with pytest.raises(IndexError, match="there are 4 batches, got the number 4"):
        data[4]


def test_label_modes(folder):
    one_hot = read(folder, shuffle=False, label_mode="categorical", class_names=["cows", "ants"])
    assert one_hot.class_names == ["cows", "ants"]
    np.testing.assert_array_equal(all_of(one_hot)[1], np.eye(2)[[0] * 6 + [1] * 5])
    binary = read(folder, shuffle=False, label_mode="binary", class_names=["cows", "ants"])
    y = all_of(binary)[1]
    assert y.dtype == np.float32
    np.testing.assert_array_equal(y, [[0]] * 6 + [[1]] * 5)
    for options in ({"label_mode": None}, {"labels": None}):
        bare = read(folder, **options)
        assert bare.class_names is None
        assert bare.labels is None
        # From the folder itself down, hidden folders too, as in Keras.
        assert sum(len(bare[i]) for i in range(len(bare))) == 16
    given = read(folder, shuffle=False, labels=[3, 1] * 8)
    assert given.class_names == ["1", "3"]
    np.testing.assert_array_equal(all_of(given)[1], [3, 1] * 8)


@pytest.mark.parametrize("mode", ["grayscale", "rgb", "rgba"])
def test_color_modes(mode, tmp_path):
    channels = {"grayscale": 1, "rgb": 3, "rgba": 4}[mode]
    for i, kind in enumerate(("L", "RGB", "RGBA", "P", "LA")):
        (tmp_path / "a").mkdir(exist_ok=True)
        picture(i, 4, 6, 4).convert(kind).save(tmp_path / "a" / f"{i}.png")
    palette = picture(7, 4, 6).convert("P")
    palette.save(tmp_path / "a" / "7.png", transparency=bytes(range(256)))
    levels = np.arange(24, dtype=np.uint16).reshape(4, 6) * 2700
    Image.fromarray(levels).save(tmp_path / "a" / "8.png")
    data = read(tmp_path, color_mode=mode, image_size=(4, 6), shuffle=False, batch_size=7)
    x, _ = data[0]
    assert x.shape == (7, 4, 6, channels)
    gray = picture(0, 4, 6, 4).convert("L")
    np.testing.assert_array_equal(x[0, ..., 0], np.asarray(gray))
    np.testing.assert_array_equal(x[6, ..., 0], levels >> 8)
    if mode == "rgba":
        np.testing.assert_array_equal(x[2], np.asarray(picture(2, 4, 6, 4)))
    if mode == "rgb":  # transparency is dropped, not mixed in
        np.testing.assert_array_equal(x[2], np.asarray(picture(2, 4, 6, 4))[..., :3])


def test_same_order_for_the_same_seed_and_another_in_each_epoch(folder):
    first, again, other = read(folder, seed=5), read(folder, seed=5), read(folder, seed=6)
    assert first.file_paths == again.file_paths != other.file_paths
    np.testing.assert_array_equal(all_of(first)[1], first.labels)
    epochs = []
    for _ in range(3):
        x, y = all_of(first)
        np.testing.assert_array_equal(x, all_of(again)[0])
        epochs.append(x)
        assert sorted(y) == sorted(first.labels)
        first.on_epoch_end(), again.on_epoch_end()
    assert (epochs[0] != epochs[1]).any()
    assert (epochs[1] != epochs[2]).any()
    fixed = read(folder, shuffle=False)
    before = all_of(fixed)[0]
    fixed.on_epoch_end()
    np.testing.assert_array_equal(before, all_of(fixed)[0])


def test_orders_without_a_seed_follow_set_seed(folder):
    from brasa import set_seed

    orders = []
    for seed in (1, 1, 2):
        set_seed(seed)
        orders.append(read(folder).file_paths)
    assert orders[0] == orders[1] != orders[2]


def test_a_split_has_each_file_once(folder):
    options = {"validation_split": 0.3, "seed": 2}
    training, validation = read(folder, subset="both", **options)
    assert (len(training.file_paths), len(validation.file_paths)) == (11, 4)
    assert len({*training.file_paths, *validation.file_paths}) == 15
    assert read(folder, subset="training", **options).file_paths == training.file_paths
    alone = read(folder, subset="validation", **options)
    assert alone.file_paths == validation.file_paths
    before = all_of(alone)[0]
    alone.on_epoch_end()  # so that predictions belong to file_paths
    np.testing.assert_array_equal(before, all_of(alone)[0])


def test_uint8_is_the_rounded_float(folder):
    exact = all_of(read(folder, shuffle=False, image_size=6))[0]
    assert (exact != np.rint(exact)).any()
    small = all_of(read(folder, shuffle=False, image_size=6, dtype="uint8"))[0]
    assert small.dtype == np.uint8
    np.testing.assert_array_equal(small, np.rint(exact))


def test_the_count_of_threads_changes_nothing(folder):
    before = runtime.threads()
    batches = []
    try:
        for count in (1, 3):
            runtime.set_threads(count)
            batches.append(all_of(read(folder, shuffle=False))[0])
    finally:
        runtime.set_threads(before)
    np.testing.assert_array_equal(*batches)


def test_batches_can_be_copied_to_other_processes(folder):
    data = read(folder, seed=1)
    data.on_epoch_end()
    again = pickle.loads(pickle.dumps(data))
    np.testing.assert_array_equal(again[1][0], data[1][0])


def test_links_are_followed_when_asked(folder, tmp_path):
    outside = tmp_path / "outside"
    outside.mkdir()
    picture(50).save(outside / "z.png")
    (folder / "ants" / "link").symlink_to(outside)
    (folder / "ants" / "circle").symlink_to(folder)
    assert len(read(folder).file_paths) == 15
    followed = read(folder, follow_links=True, shuffle=False)
    assert len(followed.file_paths) == 16
    assert str(folder / "ants" / "link" / "z.png") in followed.file_paths


@pytest.mark.parametrize("options", [{}, {"crop": True}, {"pad": True}])
@pytest.mark.parametrize("interpolation", ["bilinear", "nearest"])
@pytest.mark.parametrize("size", [(5, 5), (24, 18), (9, 30), (40, 3)])
def test_pixels_are_those_of_keras(options, interpolation, size, keras, tmp_path):
    (tmp_path / "a").mkdir()
    # All paddings are even here: of an odd one Keras leaves a row out, and changes the ratio.
    picture(3, 14, 12).save(tmp_path / "a" / "0.png")
    options = {f"{name}_to_aspect_ratio": True for name in options}
    data = read(tmp_path, image_size=size, interpolation=interpolation, **options)
    path = data.file_paths[0]
    name = "keras.src.utils.image_dataset_utils._load_image_grain"
    wanted = keras(name, path, size, 3, interpolation, "channels_last", **options)
    np.testing.assert_allclose(data[0][0][0], wanted, atol=1e-3)


def test_resized_to_worked_numbers(tmp_path):
    (tmp_path / "a").mkdir()
    Image.fromarray(np.array([[0, 100, 200, 240]], np.uint8)).save(tmp_path / "a" / "0.png")

    def row(width, **options):
        data = read(tmp_path, image_size=(1, width), color_mode="grayscale", **options)
        return data[0][0].ravel().tolist()

    assert row(2) == [50, 220]
    assert row(8) == [0, 25, 75, 125, 175, 210, 230, 240]
    assert row(2, interpolation="nearest") == [100, 240]
    assert row(2, crop_to_aspect_ratio=True) == [100, 200]


@pytest.mark.parametrize("labels", ["inferred", None, list(range(16))])
@pytest.mark.parametrize("seed", [None, 0, 77])
def test_files_and_splits_are_those_of_keras(labels, seed, keras, folder):
    module = "keras.src.utils.dataset_utils"
    endings = (".bmp", ".gif", ".jpeg", ".jpg", ".png")
    options = {"shuffle": seed is not None, "seed": seed, "verbose": False}
    paths, numbers, names = keras(
        f"{module}.index_directory", str(folder), labels, endings, **options
    )
    data = read(folder, labels=labels, shuffle=seed is not None, seed=seed)
    assert data.file_paths == paths
    assert data.class_names == names
    assert (data.labels is None) == (numbers is None)
    if numbers is not None:
        np.testing.assert_array_equal(data.labels, numbers)
    kept, _ = keras(f"{module}.get_training_or_validation_split", paths, numbers, 0.4, "training")
    parts = {"validation_split": 0.4, "subset": "both", "seed": seed, "labels": labels}
    assert read(folder, shuffle=seed is not None, **parts)[0].file_paths == kept


def test_models_train_evaluate_and_predict(tmp_path):
    for label, name in enumerate(("dark", "light")):
        (tmp_path / name).mkdir()
        for i in range(12):
            pixels = np.asarray(picture(i)) // 2 + 100 * label
            Image.fromarray(pixels.astype(np.uint8)).save(tmp_path / name / f"{i}.jpg")
    options = {"validation_split": 0.25, "seed": 1, "subset": "both", "dtype": "uint8"}
    training, validation = read(tmp_path, **options)
    model = Sequential(
        [
            layers.Rescaling(1 / 127.5, offset=-1),
            layers.Conv2D(4, 3, activation="relu"),
            layers.GlobalAveragePooling2D(),
            layers.Dense(2, activation="softmax"),
        ]
    )
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    model.optimizer.learning_rate = 0.05
    fitted = model.fit(
        training, validation_data=validation, epochs=25, verbose=0, workers=1, max_queue_size=4
    )
    assert fitted.history["val_accuracy"][-1] == 1
    assert model.evaluate(validation, verbose=0)[1] == 1
    said = model.predict(validation, verbose=0).argmax(axis=1)
    np.testing.assert_array_equal(said, validation.labels)
    files = read(tmp_path, labels=None, shuffle=False)
    assert model.predict(files, verbose=0).argmax(axis=1).tolist() == [0] * 12 + [1] * 12


@pytest.mark.parametrize("damage", ["cut", "text", "empty", "flipped"])
@pytest.mark.parametrize("ending", ["png", "jpg", "gif", "bmp"])
def test_a_damaged_file_is_named(damage, ending, folder):
    path = folder / "cows" / f"bad.{ending}"
    content = io.BytesIO()
    picture(1, 64, 64).save(content, {"jpg": "jpeg"}.get(ending, ending))
    whole = content.getvalue()
    if damage == "flipped" and ending in ("gif", "bmp"):
        pytest.skip("their pixels have no checksum")
    if damage == "flipped":  # the header, or within the pixels, which the checksum of PNG finds
        middle = 2 if ending == "jpg" else len(whole) // 2
        whole = whole[:middle] + bytes(64) + whole[middle + 64 :]
    kinds = {"cut": whole[: len(whole) // 2], "text": b"no image", "empty": b"", "flipped": whole}
    path.write_bytes(kinds[damage])
    data = read(folder, shuffle=False)
    with pytest.raises(FormatError, match=rf"image_dataset_from_directory: '.*bad\.{ending}' is "):
        all_of(data)


def test_a_file_that_has_gone_is_named(folder):
    data = read(folder, shuffle=False)
    (folder / "bees" / "0.png").unlink()
    with pytest.raises(FileNotFoundError, match=r"there is no such file: .*0\.png"):
        all_of(data)


@pytest.mark.parametrize(
    ("options", "error", "match"),
    [
        ({"labels": "guessed"}, ValueError, "labels must be 'inferred', None or whole"),
        ({"labels": [0, 1]}, ValueError, r"one for each of the 16 files .* shape \(2,\)"),
        ({"labels": [0.5] * 16}, TypeError, "labels must be whole numbers, got float64"),
        ({"labels": [-1] * 16}, ValueError, "labels must be >= 0, got -1"),
        ({"labels": [0, 5] * 8, "label_mode": "categorical"}, ValueError, "0 .. 1 .* got 5"),
        ({"labels": None, "class_names": ["ants"]}, ValueError, "class_names is for labels="),
        ({"class_names": ["ants", "dogs"]}, ValueError, "there is no folder 'dogs'"),
        ({"class_names": ["ants", "ants"]}, ValueError, "twice"),
        ({"class_names": "ants"}, TypeError, "class_names must be a list"),
        ({"label_mode": "float"}, ValueError, "label_mode must be one of 'int'.*got 'float'"),
        ({"label_mode": "binary"}, ValueError, "'binary' is for 2 classes, got 3"),
        ({"color_mode": "cmyk"}, ValueError, "color_mode must be one of .*got 'cmyk'"),
        ({"batch_size": 0}, ValueError, "batch_size must be >= 1, got 0"),
        ({"batch_size": None}, TypeError, "batch_size must be a whole number"),
        ({"image_size": (8, 8, 3)}, ValueError, r"image_size must be \(height, width\)"),
        ({"image_size": (8, 0)}, ValueError, "image_size must be >= 1"),
        ({"image_size": 8.5}, TypeError, "image_size must be a whole number"),
        ({"seed": 1 << 32}, ValueError, "seed must be >= 0 and below"),
        ({"validation_split": 0.2}, ValueError, "validation_split also wants subset"),
        ({"subset": "training"}, ValueError, "subset also wants validation_split"),
        ({"validation_split": 0.2, "subset": "test"}, ValueError, "subset must be 'training'"),
        ({"validation_split": 1.5, "subset": "both"}, ValueError, "between 0 and 1, got 1.5"),
        ({"validation_split": 0.01, "subset": "both"}, ValueError, "is none for validation"),
        ({"validation_split": 0.2, "subset": "training"}, ValueError, "wants a seed"),
        ({"interpolation": "bicubic"}, ValueError, "interpolation must be one of"),
        ({"dtype": "int8"}, ValueError, "dtype must be one of 'float32', 'uint8'"),
        ({"shuffle": "yes"}, TypeError, "shuffle must be a bool"),
        ({"crop_to_aspect_ratio": True, "pad_to_aspect_ratio": True}, ValueError, "not both"),
    ],
)
def test_bad_arguments(options, error, match, folder):
    with pytest.raises(error, match=f"image_dataset_from_directory: .*{match}"):
        read(folder, **options)


def test_folders_without_images(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"directory '.*nowhere' does not exist"):
        read(tmp_path / "nowhere")
    (tmp_path / "file").write_text("")
    with pytest.raises(NotADirectoryError, match=r"directory '.*file' is no folder"):
        read(tmp_path / "file")
    with pytest.raises(ValueError, match=r"no files in .* end in \.bmp, \.gif"):
        read(tmp_path)


def test_missing_pillow_names_the_extra(tmp_path, monkeypatch):
    original = builtins.__import__

    def refuse(name, *arguments, **options):
        if name.partition(".")[0] == "PIL":
            raise ImportError(name)
        return original(name, *arguments, **options)

    monkeypatch.setattr(builtins, "__import__", refuse)
    for call in (read, utils.load_img, lambda path: utils.save_img(path, np.zeros((2, 2, 3)))):
        with pytest.raises(ImportError, match=r"with Pillow: pip install 'brasa\[datasets\]'"):
            call(tmp_path)
