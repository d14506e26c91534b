/// CNN14 and its front end against the official code (sets panns_*).

#include "parity/fixtures.h"
#include <gtest/gtest.h>
#include <torch/types.h>

#include "kilonat/dsp/mel.h"
#include "kilonat/metrics/cnn14.h"

namespace kilonat::parity {
namespace {

// Tolerances: the fixtures' README. Near silence the reference's own rounding is 0.01 dB and more.
constexpr double kLoudDb = 1e-2;
constexpr double kQuietDb = 0.2;
constexpr double kQuietBelowDb = -60;
constexpr double kEmbedding = 1e-3;
constexpr double kOutput = 1e-4;

metrics::Cnn14 load(const std::string& set) {
  return metrics::Cnn14(fixture_path(set, ".weights.safetensors"));
}

TEST(Cnn14Parity, ReadsTheFrontEndThatTheConfigNames) {
  KILONAT_FOR_EACH_FIXTURE(set, "panns_cnn14") {
    const auto config = fixture_config(set);
    const metrics::Cnn14 network = load(set);
    EXPECT_EQ(network.front_end().sample_rate_hz, config.at("sample_rate"));
    EXPECT_EQ(network.front_end().window_length, config.at("window_size"));
    EXPECT_EQ(network.front_end().hop_length, config.at("hop_size"));
  }
}

TEST(Cnn14Parity, BuildsTheReferencesMelFilters) {
  KILONAT_FOR_EACH_FIXTURE(set, "panns_cnn14") {
    const metrics::Cnn14FrontEnd front_end = load(set).front_end();
    const at::Tensor mels = dsp::mel_filterbank({.sample_rate_hz = front_end.sample_rate_hz,
                                                 .fft_size = front_end.window_length,
                                                 .num_mels = front_end.num_mels,
                                                 .min_hz = front_end.min_hz,
                                                 .max_hz = front_end.max_hz});
    const at::Tensor expected = fixture_file(set).tensor("mel_matrix_first_rows");
    expect_close(mels.narrow(0, 0, expected.size(0)), expected, 1e-7, set);
  }
}

TEST(Cnn14Parity, GivesTheReferencesLogMelSpectrum) {
  KILONAT_FOR_EACH_FIXTURE(set, "panns_cnn14") {
    const auto io = fixture_file(set);
    const at::Tensor expected = io.tensor("logmel");
    const at::Tensor actual = load(set).log_mel_db(io.tensor("waveform"));
    ASSERT_EQ(actual.sizes(), expected.sizes());
    const at::Tensor is_quiet = expected < kQuietBelowDb;
    expect_close(actual.masked_fill(is_quiet, 0), expected.masked_fill(is_quiet, 0), kLoudDb, set);
    expect_close(actual, expected, kQuietDb, set);
  }
}

TEST(Cnn14Parity, GivesTheReferencesEmbeddingAndOutput) {
  KILONAT_FOR_EACH_FIXTURE(set, "panns_cnn14") {
    const auto io = fixture_file(set);
    const auto output = load(set).forward(io.tensor("waveform"));
    expect_close(output.embedding_BD, io.tensor("embedding"), kEmbedding, set);
    expect_close(output.logits_BK.sigmoid(), io.tensor("clipwise_output"), kOutput, set);
  }
}

TEST(Cnn14Parity, TakesClipsThatAreTooShortToPool) {
  KILONAT_FOR_EACH_FIXTURE(set, "panns_cnn14") {
    const auto output = load(set).forward(0.1 * torch::ones({1, 20}));
    EXPECT_TRUE(output.embedding_BD.isfinite().all().item<bool>());
  }
}

}  // namespace
}  // namespace kilonat::parity
