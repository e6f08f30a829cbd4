"""Networks of the literature, ready to compile; and what all models are, as Keras has it here."""

from brasa import Model, Sequential, load_model
from brasa.models.alexnet import alexnet
from brasa.models.autoencoder import autoencoder
from brasa.models.char_rnn import char_rnn
from brasa.models.cloning import clone_model, model_from_json
from brasa.models.densenet import densenet, densenet121
from brasa.models.gan import gan_discriminator, gan_generator
from brasa.models.generation import generate_text, stream_text
from brasa.models.googlenet import googlenet
from brasa.models.lenet import lenet5
from brasa.models.mlp import mlp
from brasa.models.mobilenet import mobilenet
from brasa.models.resnet import resnet18, resnet34, resnet50, resnet101, resnet152
from brasa.models.resnet_cifar import resnet20, resnet32, resnet44, resnet56, resnet110
from brasa.models.resnext import resnext50, resnext101
from brasa.models.senet import se_resnet20, se_resnet50
from brasa.models.vgg import vgg, vgg11, vgg13, vgg16, vgg19

__all__ = [
    "Model",
    "Sequential",
    "alexnet",
    "autoencoder",
    "char_rnn",
    "clone_model",
    "densenet",
    "densenet121",
    "gan_discriminator",
    "gan_generator",
    "generate_text",
    "googlenet",
    "lenet5",
    "load_model",
    "mlp",
    "mobilenet",
    "model_from_json",
    "resnet18",
    "resnet20",
    "resnet32",
    "resnet34",
    "resnet44",
    "resnet50",
    "resnet56",
    "resnet101",
    "resnet110",
    "resnet152",
    "resnext50",
    "resnext101",
    "se_resnet20",
    "se_resnet50",
    "stream_text",
    "vgg",
    "vgg11",
    "vgg13",
    "vgg16",
    "vgg19",
]
