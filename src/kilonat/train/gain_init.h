#pragma once
/// Gains of a new model's layers, so that signals pass through it neither fading nor growing.
///
/// Note [Unit gains]: the official initialisation (uniform in +-1/sqrt(fan_in)) takes a factor of
/// sqrt(3) off the signal in every convolution; after a decoder of some twenty, hardly anything of
/// the latent is left in the output, and the first thousands of steps go into raising `weight_g`,
/// which moves by the learning rate a step. Here the rows of ordinary convolutions have norm 1,
/// those that end a residual branch less (three to a block, each adds to the trunk), and transposed
/// ones sqrt(stride / 2) per input channel, which is 1 for an output sample (kernel 2 stride: two
/// taps reach it from each of 2 C channels). The last layer begins quietly.

#include "kilonat/codec/autoencoder.h"

namespace kilonat::train {

/// Sets `weight_g` of every convolution of encoder and decoder; directions and biases stay.
void initialise_gains_(codec::Autoencoder& model);

/// Sets every Snake to x + sin(a x)^2 / a with a = `alpha` > 0; no effect on ELU.
///
/// Note [Almost linear]: what Snake adds to x is about a x^2 while a x is small. DAC's a = 1 bends
/// signals of unit level from the first step on. Where the best codec is linear, as for Gaussian
/// noise and squared error, a network that starts from a = 0.01 is one from the first step on, and
/// need not learn to be.
void initialise_snakes_(codec::Autoencoder& model, double alpha);

}  // namespace kilonat::train
