"""Networks of the literature, ready to compile."""

from brasa.models.char_rnn import char_rnn
from brasa.models.generation import generate_text, stream_text
from brasa.models.lenet import lenet5
from brasa.models.resnet import resnet18

__all__ = ["char_rnn", "generate_text", "lenet5", "resnet18", "stream_text"]
