#include "kilonat/metrics/generation_scores.h"

#include <vector>

#include <ATen/ATen.h>

#include "kilonat/base/errors.h"
#include "kilonat/metrics/class_scores.h"
#include "kilonat/metrics/nearest_neighbour.h"

namespace kilonat::metrics {
namespace {

constexpr double kNearShare = 0.05;

std::vector<double> values_of(const at::Tensor& values_N) {
  const at::Tensor x = values_N.to(at::kDouble).contiguous();
  return {x.data_ptr<double>(), x.data_ptr<double>() + x.numel()};
}

/// Numbers of the clips that have a class.
at::Tensor with_class(const SoundSet& set) {
  return at::tensor(set.classes, at::kLong).ge(0).nonzero().view(-1);
}

}  // namespace

GenerationScorer::GenerationScorer(const SoundSet& training,
                                   const SoundSet& held_out,
                                   const BootstrapOptions& bootstrap)
    : bootstrap_(bootstrap),
      class_log_posteriors_KK_(class_log_posteriors(training.log_posteriors_NK, training.classes)),
      training_statistics_(training.statistics_ND) {
  for (const auto& [name, clips] : training.embeddings) {
    references_.emplace(name,
                        Reference{KernelDistance(clips.rows_ND), FrechetReference(clips.rows_ND)});
  }
  near_db_ = quantile(values_of(nearest_distances(held_out.statistics_ND, training_statistics_)),
                      kNearShare);
}

Estimate GenerationScorer::mean_of(const at::Tensor& values_N) const {
  const at::Tensor x = values_N.to(at::kDouble);
  return bootstrap(
      x.mean().item<double>(),
      x.numel(),
      [&](const at::Tensor& drawn) { return x.index_select(0, drawn).mean().item<double>(); },
      bootstrap_);
}

SetDistance GenerationScorer::distance(const std::string& name, const EmbeddedClips& clips) const {
  const auto found = references_.find(name);
  KILONAT_REQUIRE(
      found != references_.end(), ShapeError, "scoring: the reference has no embedding '{}'", name);
  const Reference& reference = found->second;
  const std::int64_t num_clips = clips.clips.back() + 1;
  const KernelDistance::Kernels kernels = reference.kernel.kernels_of(clips.rows_ND);
  return {.kernel = bootstrap(
              reference.kernel.of(kernels),
              num_clips,
              [&](const at::Tensor& drawn) {
                return reference.kernel.of(kernels, clips.weights_of(drawn));
              },
              bootstrap_),
          .frechet = bootstrap(
              reference.frechet.distance(clips.rows_ND).distance,
              num_clips,
              [&](const at::Tensor& drawn) {
                return reference.frechet.distance(clips.rows_of(drawn)).distance;
              },
              bootstrap_),
          .dimensions = clips.rows_ND.size(1),
          .num_rows = clips.rows_ND.size(0)};
}

void GenerationScorer::score_classes(const SoundSet& set, SoundScores& scores) const {
  scores.confusion_KK = confusion_matrix(set.log_posteriors_NK, set.classes);
  const at::Tensor chosen = with_class(set);
  scores.num_with_class = chosen.numel();
  if (scores.num_with_class == 0) return;
  const at::Tensor classes_N = at::tensor(set.classes, at::kLong).index_select(0, chosen);
  const at::Tensor posteriors_NK = set.log_posteriors_NK.index_select(0, chosen);
  const at::Tensor expected_NK = class_log_posteriors_KK_.index_select(0, classes_N);
  scores.accuracy = mean_of(posteriors_NK.argmax(1).eq(classes_N));
  scores.kl_reference_first = mean_of(kl_nats(expected_NK, posteriors_NK));
  scores.kl_set_first = mean_of(kl_nats(posteriors_NK, expected_NK));
}

void GenerationScorer::score_words(const SoundSet& set, SoundScores& scores) const {
  std::map<std::string, std::vector<double>> right;
  for (const std::vector<CheckedWord>& words : set.words) {
    double sum = 0;
    for (const CheckedWord& word : words) {
      right[word.aspect].push_back(word.is_right);
      sum += word.is_right;
    }
    // A clip's words come together: the bootstrap draws clips.
    if (!words.empty()) right[kAllAspects].push_back(sum / static_cast<double>(words.size()));
  }
  for (const auto& [aspect, values] : right) {
    scores.caption_words[aspect] = mean_of(at::tensor(values, at::kDouble));
  }
}

SoundScores GenerationScorer::score(const SoundSet& set) const {
  KILONAT_REQUIRE(set.size() >= 2, DataError, "scoring: {} clips, expected at least 2", set.size());
  SoundScores scores{.num_clips = set.size()};
  for (const auto& [name, clips] : set.embeddings) scores.distances[name] = distance(name, clips);
  score_classes(set, scores);
  score_words(set, scores);
  const at::Tensor posteriors_NK = set.log_posteriors_NK;
  scores.inception_score = bootstrap(
      inception_score(posteriors_NK),
      set.size(),
      [&](const at::Tensor& drawn) {
        return inception_score(posteriors_NK.index_select(0, drawn));
      },
      bootstrap_);
  const at::Tensor nearest_N = nearest_distances(set.statistics_ND, training_statistics_);
  scores.nearest_db = mean_of(nearest_N);
  scores.near_share = mean_of(nearest_N.lt(near_db_));
  return scores;
}

}  // namespace kilonat::metrics
