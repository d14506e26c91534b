#pragma once
/// What a rate-distortion study is made of.

#include <cstdint>
#include <string>
#include <vector>

namespace kilonat::config {
class Schema;
}

namespace kilonat::study {

/// The section [study] of a config in conf/study.
struct RdOptions {
  std::string name = "rate-distortion";
  std::string codec = "tiny16";  ///< a codec config, by path or name: the same for every family
  std::vector<std::string> overrides{};  ///< "key=value", for every trained point
  std::vector<std::string> sources{};    ///< of training and evaluation; --data replaces them
  std::string split = "valid";           ///< that is measured on
  std::vector<std::int64_t> seeds{0};    ///< every trained point once for each

  std::vector<double> rates_kbps{0.5, 1, 2, 4, 8};  ///< target-KL VAEs
  std::vector<double> fixed_betas{};                ///< VAEs with a KL weight, loss per nat
  /// RVQ: one model with quantizer dropout, trained with the last number of codebooks, measured at
  /// each. Empty: none.
  std::vector<std::int64_t> codebooks{1, 2, 4, 8, 16};
  std::int64_t codebook_size = 1024;
  std::vector<double> opus_kbps{6, 8, 12, 16, 24};

  std::string visqol_model{};     ///< libsvm model file of ViSQOL; empty: no ViSQOL scores
  std::int64_t listen_clips = 3;  ///< clips whose sounds are kept for listening
};

struct RdStudyConfig {
  RdOptions study;
};

void describe(config::Schema& schema, RdOptions& options);
void describe(config::Schema& schema, RdStudyConfig& options);

/// @throws ConfigError for lists that make no sense: no point at all, numbers that do not rise, no
///         seed, a seed twice.
void check(const RdOptions& options);

}  // namespace kilonat::study
