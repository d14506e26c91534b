#pragma once
/// Judges the sounds of a generation study: all that the classifier says, against real clips.

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "kilonat/codec/model_file.h"
#include "kilonat/data/source.h"
#include "kilonat/metrics/generation_scores.h"
#include "kilonat/metrics/reference_clips.h"
#include "kilonat/metrics/sound_set.h"
#include "kilonat/study/generation_results.h"

namespace kilonat::study {

/// The metrics of a study, with what one must know to read them.
[[nodiscard]] std::vector<GenerationMetric> generation_metrics();

/// @param scores  of one set; what it lacks stays absent.
[[nodiscard]] Estimates estimates_of(const metrics::SoundScores& scores);

/// Rows of a confusion matrix as numbers of clips; empty if there is none.
[[nodiscard]] std::vector<std::vector<double>> rows_of(const at::Tensor& confusion_KK);

/// Keeps the classifier and what it says of the real clips. Not thread-safe.
class GenerationJudge {
 public:
  /// @param sources  see metrics::open_reference.
  /// @param classifier  of `kilonat train-classifier`, on the same training clips.
  /// @throws IoError, FormatError; DataError for too few clips or classes that it does not know.
  GenerationJudge(const std::vector<std::string>& sources, const std::filesystem::path& classifier);

  [[nodiscard]] const data::Source& held_out() const { return *reference_.held_out; }
  [[nodiscard]] const std::string& held_out_split() const { return reference_.held_out_split; }
  [[nodiscard]] const std::vector<std::string>& classes() const;

  /// Real unseen clips, silence and noise.
  [[nodiscard]] std::vector<Anchor> anchors();
  /// The unseen clips through a codec, with the posterior sampled.
  [[nodiscard]] metrics::SoundScores reconstructions(codec::LoadedModel& codec);
  /// Sounds with the classes that they were asked for.
  [[nodiscard]] metrics::SoundScores score(
      std::size_t count, const std::function<metrics::SoundJudge::NamedClip(std::size_t)>& clip);

 private:
  [[nodiscard]] const metrics::GenerationScorer& scorer();

  metrics::LoadedClassifier classifier_;
  metrics::SoundJudge judge_;
  metrics::ReferenceClips reference_;
  std::unique_ptr<metrics::SoundSet> held_out_set_;  // judged when first needed
  std::unique_ptr<metrics::GenerationScorer> scorer_;
};

}  // namespace kilonat::study
