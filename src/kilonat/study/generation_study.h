#pragma once
/// A generation study as a folder: what is there is used again, what is missing is made.
///
///   DIR/study.toml             the study's config, resolved
///   DIR/latents/CODEC-HASH/    the sounds' latents; HASH is of the codec's config and the variants
///   DIR/runs/GENERATOR-HASH/   run folders; HASH is of the resolved training config
///   DIR/points/GENERATOR.json  one measured generator, with the hash of all that it depends on
///   DIR/points/anchors.json    real clips, silence and noise
///   DIR/audio/GENERATOR/       sounds for listening
///   DIR/generation.json        the table of all generators of the plan, missing ones included

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <torch/types.h>

#include "kilonat/generation/generator.h"
#include "kilonat/study/generation_judge.h"
#include "kilonat/study/generation_measure.h"
#include "kilonat/study/generation_options.h"
#include "kilonat/study/generation_plan.h"
#include "kilonat/study/generation_results.h"
#include "kilonat/train/run_log.h"

namespace kilonat::study {

struct GenerationRequest {
  GenerationOptions options;
  train::GeneratorTrainOptions base;  ///< the generator's config: overrides applied
  std::filesystem::path folder;
  torch::Device device{torch::kCPU};
};

class GenerationStudy {
 public:
  /// Plans. @throws ConfigError, DataError, IoError, FormatError: what is wrong with the codecs,
  ///         the sounds or the classifier is found before a folder is made.
  explicit GenerationStudy(GenerationRequest request);

  [[nodiscard]] const std::vector<PlannedGenerator>& generators() const { return generators_; }
  /// True if the generator is measured under the present config.
  [[nodiscard]] bool is_done(const PlannedGenerator& generator) const;
  /// Training steps that it still needs.
  [[nodiscard]] std::int64_t steps_left(const PlannedGenerator& generator) const;
  /// The same while another process trains it: less the steps that its log tells of.
  [[nodiscard]] std::int64_t steps_to_log(const PlannedGenerator& generator) const;

  /// Encodes the sounds (unless that is done), trains, chooses the guidance and measures.
  /// @param console  a sink for the training figures; may be null. @param on_stage  may be empty.
  /// @throws what these throw; what was finished stays.
  void run(const PlannedGenerator& generator,
           std::unique_ptr<train::RunSink> console,
           const OnStage& on_stage = {});

  /// Writes generation.json from the points that are there. @throws IoError.
  GenerationResults collect(const std::vector<std::string>& commands,
                            const std::map<std::string, std::string>& versions);

 private:
  [[nodiscard]] std::filesystem::path run_folder(const PlannedGenerator& generator) const;
  [[nodiscard]] std::filesystem::path point_path(const std::string& id) const;
  [[nodiscard]] std::string hash_of(const PlannedGenerator& generator) const;
  /// The measured point; empty if it is not there or of another config.
  [[nodiscard]] std::optional<GenerationPoint> measured(const PlannedGenerator& generator) const;

  void encode(const PlannedGenerator& generator, const OnStage& on_stage) const;
  void train(const PlannedGenerator& generator, std::unique_ptr<train::RunSink> console) const;
  void measure(const PlannedGenerator& generator, const OnStage& on_stage);
  [[nodiscard]] std::vector<Anchor> anchors();
  /// Of every trained generator; nothing if there is none, or they differ.
  [[nodiscard]] std::optional<std::int64_t> num_parameters() const;

  GenerationRequest request_;
  std::string classifier_hash_;  // of its file: another one of the same name judges otherwise
  GenerationJudge judge_;
  std::vector<PlannedGenerator> generators_;
};

}  // namespace kilonat::study
