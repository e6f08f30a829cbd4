"""What an epoch shows: a bar on a terminal, one line elsewhere, nothing when silent."""

import io
import threading

import pytest

from brasa import progress
from brasa.progress import EpochProgress, message


class Terminal(io.StringIO):
    def isatty(self):
        return True


@pytest.fixture
def clock(monkeypatch):
    """A clock that the test moves by hand: ``clock.now += seconds``."""

    class Clock:
        now = 100.0

    monkeypatch.setattr("time.perf_counter", lambda: Clock.now)
    return Clock


def test_plain_stream_gets_exactly_one_line_per_epoch(clock):
    stream = io.StringIO()
    with EpochProgress(2, 5, 9876, verbose=1, stream=stream) as epoch:
        for step in range(1, 11):
            clock.now += 0.08
            epoch.update(step * 9876 // 10, {"loss": 1 / step, "accuracy": 0.5})
        clock.now += 0.3  # the validation: not in the rate
        epoch.close({"loss": 0.12341, "accuracy": 0.96119, "val_loss": 0.15})
    assert stream.getvalue() == (
        "Epoch 3/5  loss 0.1234  accuracy 0.9612  val_loss 0.1500  12,345 samples/s  1.1 s\n"
    )


def test_two_forces_the_line_on_a_terminal(clock):
    stream = Terminal()
    with EpochProgress(0, 1, 10, verbose=2, stream=stream) as epoch:
        clock.now += 1
        epoch.update(10, {"loss": 2.0})
    assert stream.getvalue() == "Epoch 1/1  loss 2.0000  10 samples/s  1.0 s\n"


@pytest.mark.parametrize("stream", [io.StringIO, Terminal])
def test_zero_is_silent(stream):
    out = stream()
    with EpochProgress(0, 1, 10, verbose=0, stream=out) as epoch:
        epoch.update(10, {"loss": 2.0})
        epoch.close({"loss": 2.0})
    assert out.getvalue() == ""


@pytest.mark.parametrize("verbose", [1, "auto", True])
def test_terminal_gets_a_bar_and_then_the_line(verbose, clock):
    stream = Terminal()
    with EpochProgress(9, 10, 1000, verbose, stream, unit="words") as epoch:
        clock.now += 0.5
        epoch.update(250, {"loss": 0.5})
        bar = stream.getvalue().rpartition("\r")[2]
    assert bar.startswith("Epoch 10/10  25%|")
    assert "loss 0.5000" in bar
    assert "500 words/s" in bar
    assert "<" in bar  # elapsed<remaining
    lines = [text for text in stream.getvalue().split("\r") if text.strip()]
    assert lines[-1] == "Epoch 10/10  loss 0.5000  500 words/s  0.5 s\n"
    assert stream.getvalue().count("\n") == 1


def test_bar_is_drawn_at_most_ten_times_a_second(clock):
    stream = Terminal()
    with EpochProgress(0, 1, 1000, 1, stream) as epoch:
        before = stream.getvalue().count("%|")
        for step in range(1000):
            clock.now += 0.001
            epoch.update(step)
        assert stream.getvalue().count("%|") - before <= 10


def test_unknown_number_of_samples_is_accepted(clock):
    stream = Terminal()
    with EpochProgress(0, 1, None, 1, stream) as epoch:
        clock.now += 1
        epoch.update(10)
    assert stream.getvalue().endswith("Epoch 1/1  10 samples/s  1.0 s\n")


@pytest.mark.parametrize("stream", [io.StringIO, Terminal])
def test_exception_takes_the_bar_away_and_writes_no_line(stream):
    out = stream()
    epoch = EpochProgress(0, 1, 10, 1, out)

    def stopped():
        with epoch:
            epoch.update(5)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        stopped()
    assert "\n" not in out.getvalue()
    epoch.close()
    assert "\n" not in out.getvalue()


def test_second_close_and_late_update_do_nothing(clock):
    stream = io.StringIO()
    epoch = EpochProgress(0, 1, 10, 1, stream)
    epoch.close({"loss": 1.0})
    epoch.update(10, {"loss": 2.0})
    epoch.close({"loss": 2.0})
    assert stream.getvalue() == "Epoch 1/1  loss 1.0000  0.0 s\n"


def test_default_stream_is_the_standard_output_of_the_moment(capsys):
    with EpochProgress(0, 1, 10) as epoch:
        epoch.update(10)
    message("done")
    out, err = capsys.readouterr()
    assert out.startswith("Epoch 1/1")
    assert out.endswith("done\n")
    assert err == ""


def test_missing_standard_output_is_no_error(monkeypatch):
    monkeypatch.setattr("sys.stdout", None)
    with EpochProgress(0, 1, 10) as epoch:
        epoch.update(10)
    message("done")


def test_message_goes_above_a_bar():
    stream = Terminal()
    with EpochProgress(0, 1, 10, 1, stream):
        message("saved", stream)
        assert "saved\n" in stream.getvalue()
        assert stream.getvalue().endswith(("]", "?", "|", " ", "0"))  # the bar is drawn again


def test_bar_starts_no_thread():
    before = threading.active_count()
    with EpochProgress(0, 1, 10, 1, Terminal()):
        assert threading.active_count() == before


@pytest.mark.parametrize("verbose", [3, -1, "yes", None])
def test_unknown_verbose_is_refused(verbose):
    with pytest.raises(ValueError, match="EpochProgress: verbose must be 0, 1, 2 or 'auto', got"):
        EpochProgress(0, 1, 10, verbose)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.0, "0.0000"),
        (-0.5, "-0.5000"),
        (0.00099, "9.900e-04"),
        (123456.0, "123456.0000"),
        (1e6, "1.000e+06"),
        (float("inf"), "inf"),
        (float("nan"), "nan"),
        (3, "3.0000"),
        ("text", "text"),
    ],
)
def test_values_are_short(value, text):
    assert progress.format_value(value) == text


@pytest.mark.parametrize(
    ("seconds", "text"), [(0, "0.0 s"), (59.94, "59.9 s"), (59.96, "1:00"), (3599.6, "1:00:00")]
)
def test_times_are_short(seconds, text):
    assert progress.format_seconds(seconds) == text
