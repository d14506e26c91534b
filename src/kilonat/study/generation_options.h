#pragma once
/// What a generation study is made of.

#include <cstdint>
#include <string>
#include <vector>

#include "kilonat/diffusion/sampler.h"

namespace kilonat::config {
class Schema;
}

namespace kilonat::study {

/// The section [study] of a config in conf/study: one generator config, the same steps and the same
/// seeds on the latents of each rate of a rate-distortion study.
struct GenerationOptions {
  std::string name = "generation";
  std::string rd_study{};                 ///< folder of the rate-distortion study; --codecs
  std::vector<std::string> points{};      ///< gaussian points of it; empty: all that are done
  std::string generator = "micro";        ///< a generator config, by path or name
  std::vector<std::string> overrides{};   ///< "key=value" on it
  std::vector<std::string> sources{};     ///< captioned sounds with classes; --data replaces them
  std::vector<std::int64_t> seeds{0, 1};  ///< every rate once for each
  std::int64_t variants = 4;              ///< augmented encodings of a training clip

  std::vector<double> guidance{1, 2, 4};  ///< scales that are tried at each rate
  diffusion::Solver sampler = diffusion::Solver::kEuler;
  std::int64_t sampler_steps = 30;
  double seconds = 5;                  ///< of every sound
  std::int64_t sounds_per_class = 16;  ///< that the figures are from
  std::int64_t tuning_per_class = 4;   ///< others, that choose the guidance
  std::string classifier{};            ///< of `kilonat train-classifier`, on the training clips
  std::string metric = "kad";          ///< that chooses the guidance and the best rate
  std::int64_t listen_per_class = 1;   ///< sounds that are kept for listening
};

struct GenerationStudyConfig {
  GenerationOptions study;
};

void describe(config::Schema& schema, GenerationOptions& options);
void describe(config::Schema& schema, GenerationStudyConfig& options);

/// @throws ConfigError for lists that make no sense: no seed or a seed twice, no guidance.
void check(const GenerationOptions& options);

}  // namespace kilonat::study
