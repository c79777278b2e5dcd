"""The line finder's network in Keras: a small U-Net from a page to maps of its baselines, and to how the page lies.

After Ronneberger, Fischer & Brox, "U-Net" (2015), as Grüning et al., "A two-stage method for text line detection in
historical documents" (ARU-Net, 2019), Ares Oliveira, Seguin & Kaplan, "dhSegment" (2018) and Kiessling's baseline
segmenter in kraken use it for text lines. The maps come out at half the page's scale, from features at a quarter.
"""

from __future__ import annotations

import keras
from keras import layers

from htrtool.core.linefinder.maps import MAPS, TURNS

WIDTHS = (16, 32, 48, 64, 96)


def build_network(widths: tuple[int, ...] = WIDTHS, seed: int = 0) -> keras.Model:
    """Build the network.

    Args:
        widths: channels at a half, a quarter, an eighth, a sixteenth and a thirty-second of the page's scale.
        seed: of the initial weights.

    Returns:
        A model from pages, float (batch, height, width, 1), ink up to 1 on paper 0, sides multiples of ``STRIDE``, to
        logits of ``MAPS``, (batch, height / 2, width / 2, 3), and to logits of what each patch shows, (batch,
        height / 32, width / 32, 5): no writing, or writing turned clockwise by each of ``TURNS``.
    """
    seeds = iter(range(seed * 1000 + 1, seed * 1000 + 1000))
    page = keras.Input((None, None, 1), name="page")
    x = _convolution(page, widths[0], seeds, kernel=5, stride=2)
    levels = []
    for number, width in enumerate(widths[1:]):
        x = _convolution(x, width, seeds, stride=2)
        for dilation in (1, 2) if number == 2 else (1,):
            x = _residual(x, seeds, dilation)
        levels.append(x)
    turn = layers.Conv2D(
        1 + len(TURNS), 1, kernel_initializer=keras.initializers.GlorotUniform(next(seeds)), dtype="float32", name="turn"
    )(x)
    for skip in levels[-2::-1]:
        x = _convolution(x, skip.shape[-1], seeds, kernel=1)
        x = layers.UpSampling2D(2)(x)
        x = layers.Add()([x, skip])
        x = _residual(x, seeds, 1)
    x = layers.Conv2DTranspose(
        len(MAPS),
        4,
        strides=2,
        padding="same",
        kernel_initializer=keras.initializers.GlorotUniform(next(seeds)),
        dtype="float32",
        name="maps",
    )(x)
    return keras.Model(page, [x, turn], name="lines")


def _convolution(x, filters, seeds, kernel=3, stride=1, dilation=1, activate=True):
    x = layers.Conv2D(
        filters,
        kernel,
        strides=stride,
        dilation_rate=dilation,
        padding="same",
        use_bias=False,
        kernel_initializer=keras.initializers.HeNormal(next(seeds)),
    )(x)
    x = layers.BatchNormalization(momentum=0.95)(x)
    return layers.Activation("relu")(x) if activate else x


def _residual(x, seeds, dilation):
    y = _convolution(x, x.shape[-1], seeds, dilation=dilation, activate=False)
    return layers.Activation("relu")(layers.Add()([x, y]))
