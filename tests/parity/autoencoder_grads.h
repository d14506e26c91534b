#pragma once
/// Gradients of an autoencoder against a set's grads file, names translated by the importer's
/// rules.

#include <string>

#include "parity/fixtures.h"
#include <gtest/gtest.h>
#include <torch/types.h>

#include "kilonat/codec/autoencoder.h"
#include "kilonat/codec/import/names.h"

namespace kilonat::parity {

/// Compares the loss and the gradient of every parameter and of the input.
/// @param relative_tolerance  of each tensor's largest reference value.
inline void expect_grads(const std::string& set,
                         const codec::AutoencoderImpl& model,
                         const at::Tensor& input,
                         const at::Tensor& loss,
                         double relative_tolerance) {
  const auto grads = fixture_file(set, "grads");
  expect_close(loss, grads.tensor("loss"), 1e-4, "loss");
  const auto compare = [&](const at::Tensor& actual, const std::string& name) {
    const at::Tensor expected = grads.tensor(name).reshape_as(actual);
    const double largest = expected.abs().max().item<double>();
    expect_close(actual, expected, relative_tolerance * largest + 1e-12, name);
  };
  const std::string padded = "grad_input.audio_padded";
  compare(input.grad(), grads.contains(padded) ? padded : "grad_input.audio");
  const auto weights = fixture_file(set, "weights");
  codec::ShapeMap shapes;
  for (const std::string& name : weights.names()) shapes[name] = weights.info(name).shape;
  const codec::NamedWeights named = codec::find_autoencoder(shapes, set);
  const auto parameters = model.named_parameters();
  size_t compared = 0;
  for (const auto& [ours, theirs] : named.theirs) {
    ASSERT_NE(parameters.find(ours), nullptr) << ours;
    ASSERT_TRUE(parameters[ours].grad().defined()) << ours;
    compare(parameters[ours].grad(), "grad." + theirs);
    ++compared;
  }
  EXPECT_EQ(compared, parameters.size());
  EXPECT_EQ(compared + 2, grads.names().size()) << "references that nothing was compared with";
}

}  // namespace kilonat::parity
