#pragma once
/// How a generator's run is watched: its score on held-out clips, and sounds to listen to.

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "kilonat/codec/autoencoder.h"
#include "kilonat/generation/generator.h"
#include "kilonat/generation/latent_batches.h"
#include "kilonat/train/generator_options.h"
#include "kilonat/train/run_folder.h"
#include "kilonat/train/run_log.h"

namespace kilonat::train {

/// Judges the model as it is: put the averaged weights in first. The model's mode is put back.
class GeneratorReport {
 public:
  GeneratorReport(const GeneratorTrainOptions& options,
                  std::shared_ptr<const generation::LatentSet> set,
                  RunFolder folder);

  /// Logs "valid/score" and its parts by time. @returns the score; empty if no clip is held out.
  std::optional<double> score(generation::Generator& model, std::int64_t step, RunSink& log);

  /// Makes the sounds of the prompts: audio/sound-N.wav and .png, and in the log with their
  /// spectrograms.
  void listen(generation::Generator& model,
              codec::Autoencoder& codec,
              std::int64_t step,
              RunSink& log);

 private:
  const GeneratorTrainOptions& options_;
  std::shared_ptr<const generation::LatentSet> set_;
  RunFolder folder_;
  std::vector<generation::LatentPick> picks_;
  std::vector<std::string> prompts_;
};

/// Median duration of what is trained on: clips as they are, cut to batches.max_frames. [s]
[[nodiscard]] double typical_duration_s(const generation::LatentSet& set,
                                        const GeneratorBatchOptions& options);

}  // namespace kilonat::train
