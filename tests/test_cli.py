"""The command line: what it prints, what it writes, and how it ends."""

import subprocess
import sys

import pytest

import brasa
from brasa.cli import main


def test_info_prints_the_facts_of_a_bug_report(capsys):
    assert main(["info"]) == 0
    text = capsys.readouterr().out
    facts = dict(line.split(maxsplit=1) for line in text.splitlines() if " " in line.strip())
    assert facts["version"] == brasa.__version__
    for name in (
        "python",
        "platform",
        "compiler",
        "implementations",
        "implementation",
        "threads",
        "cuda",
    ):
        assert name in facts


def test_version_and_help(capsys):
    assert main(["--version"]) == 0
    assert capsys.readouterr().out == f"brasa {brasa.__version__}\n"
    for arguments in (
        ["--help"],
        ["train", "--help"],
        ["train", "lenet", "--help"],
        ["predict", "-h"],
    ):
        with pytest.raises(SystemExit) as ended:
            main(arguments)
        assert ended.value.code == 0
        assert "usage: brasa" in capsys.readouterr().out
    assert main([]) == 2
    assert "COMMAND" in capsys.readouterr().out


@pytest.mark.parametrize(
    "arguments",
    [
        ["bake"],
        ["train"],
        ["train", "alexnot"],
        ["train", "lenet", "--data", "moon"],
        ["train", "lenet", "--epochs", "few"],
        ["train", "lenet", "--threads", "0.5"],
        ["predict", "model.brasa"],
        ["evaluate"],
    ],
    ids=" ".join,
)
def test_wrong_usage_ends_with_2(arguments, capsys):
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    assert ended.value.code == 2
    assert "usage: brasa" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--epochs", "-1"], "epochs must be"),
        (["--epochs", "0"], "epochs must be"),
        (["--batch-size", "0"], "batch_size must be >= 1"),
        (["--learning-rate", "-1"], "learning_rate"),
        (["--learning-rate", "nan"], "learning_rate"),
        (["--optimizer", "adem"], "Did you mean 'adam'"),
        (["--seed", "-1"], "seed must be >= 0"),
        (["--threads", "-3"], "threads must be"),
    ],
)
def test_a_bad_option_of_train_is_one_line(options, words, tmp_path, capsys, threads):
    command = ["train", "lenet", *options, "--out", str(tmp_path)]
    assert main(command) == 1
    message = capsys.readouterr().err
    assert words in message
    assert len(message.splitlines()) == 1
    assert not (tmp_path / "model.brasa").exists()


def test_ctrl_c_ends_with_130_and_a_closed_pipe_quietly(monkeypatch, capsys):
    def interrupted(_):
        raise KeyboardInterrupt

    def closed(_):
        raise BrokenPipeError

    for run, code, words in ((interrupted, 130, "brasa: interrupted\n"), (closed, 1, "")):
        monkeypatch.setattr("brasa.cli.info.run", run)
        assert main(["info"]) == code
        assert capsys.readouterr().err == words


def test_a_fault_of_brasa_keeps_its_traceback(monkeypatch):
    def broken(_):
        raise AssertionError("impossible")

    monkeypatch.setattr("brasa.cli.info.run", broken)
    with pytest.raises(AssertionError, match="impossible"):
        main(["info"])


def test_a_tool_that_only_asks_for_help_loads_nothing_heavy():
    script = (
        "import sys; from brasa.cli import main\n"
        "try:\n    main(['--help'])\nexcept SystemExit:\n    pass\n"
        "assert not {'numpy', 'brasa._core'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", script], check=True, capture_output=True)
