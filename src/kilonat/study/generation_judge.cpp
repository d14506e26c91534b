#include "kilonat/study/generation_judge.h"

#include <optional>
#include <utility>

#include "kilonat/base/errors.h"
#include "kilonat/metrics/made_up_sounds.h"
#include "kilonat/train/reconstruction_set.h"

namespace kilonat::study {
namespace {

constexpr const char* kEmbedding = "classifier";

Estimate own(const metrics::Estimate& estimate) {
  return {estimate.value, estimate.low, estimate.high};
}

void put(Estimates& estimates, const char* id, const std::optional<metrics::Estimate>& found) {
  if (found) estimates[id] = own(*found);
}

}  // namespace

std::vector<GenerationMetric> generation_metrics() {
  return {{.id = "kad",
           .label = "KAD",
           .lower_is_better = true,
           .note = "Unbiased squared MMD x 100 to the training clips in the embedding of a "
                   "classifier trained on them; in-domain, not comparable with published figures"},
          {.id = "class_accuracy",
           .label = "Class accuracy",
           .lower_is_better = false,
           .note = "Share of the sounds that the classifier takes for the class asked for"},
          {.id = "fad",
           .label = "FAD",
           .lower_is_better = true,
           .note = "Frechet distance in the same embedding; biased upwards by small sets"},
          {.id = "kl_reference_first",
           .label = "KL(reference || generated)",
           .lower_is_better = true,
           .note = "Nats between class posteriors, the mean of the class's training clips first"},
          {.id = "kl_generated_first",
           .label = "KL(generated || reference)",
           .lower_is_better = true,
           .note = "The other direction"},
          {.id = "inception_score",
           .label = "Inception score",
           .lower_is_better = false,
           .note = "1 to the number of classes; says nothing of whether a sound is what was asked "
                   "for"},
          {.id = "nearest_db",
           .label = "Distance to the nearest training clip",
           .lower_is_better = false,
           .note = "In dB of log-mel statistics. Well below that of real unseen clips: copies"},
          {.id = "near_share",
           .label = "Share close to a training clip",
           .lower_is_better = true,
           .note = "Closer than 95 % of the real unseen clips are. Well above 5 %: copies"},
          {.id = "caption_words",
           .label = "Words of the caption heard",
           .lower_is_better = false,
           .note = "Procedural captions only: share of their words that a measurement of the sound "
                   "bears out; most are one of two words, so that guessing gets half"},
          {.id = "caption_pitch",
           .label = "Pitch as the caption says",
           .lower_is_better = false,
           .note = "Of sounds whose caption says high or low"},
          {.id = "caption_decay",
           .label = "Decay as the caption says",
           .lower_is_better = false,
           .note = "Of sounds whose caption says slow or fast decay"}};
}

Estimates estimates_of(const metrics::SoundScores& scores) {
  Estimates estimates;
  if (const auto found = scores.distances.find(kEmbedding); found != scores.distances.end()) {
    estimates["kad"] = own(found->second.kernel);
    estimates["fad"] = own(found->second.frechet);
  }
  put(estimates, "class_accuracy", scores.accuracy);
  put(estimates, "kl_reference_first", scores.kl_reference_first);
  put(estimates, "kl_generated_first", scores.kl_set_first);
  for (const auto& [id, aspect] : {std::pair{"caption_words", metrics::kAllAspects},
                                   std::pair{"caption_pitch", "pitch"},
                                   std::pair{"caption_decay", "decay"}}) {
    const auto found = scores.caption_words.find(aspect);
    if (found != scores.caption_words.end()) estimates[id] = own(found->second);
  }
  estimates["inception_score"] = own(scores.inception_score);
  estimates["nearest_db"] = own(scores.nearest_db);
  estimates["near_share"] = own(scores.near_share);
  return estimates;
}

std::vector<std::vector<double>> rows_of(const at::Tensor& confusion_KK) {
  std::vector<std::vector<double>> rows;
  if (!confusion_KK.defined()) return rows;
  for (const at::Tensor& row : confusion_KK.to(at::kDouble).contiguous().unbind()) {
    rows.emplace_back(row.data_ptr<double>(), row.data_ptr<double>() + row.numel());
  }
  return rows;
}

GenerationJudge::GenerationJudge(const std::vector<std::string>& sources,
                                 const std::filesystem::path& classifier)
    : classifier_(metrics::load_classifier(classifier)),
      judge_(classifier_.network),
      reference_(metrics::open_reference(sources)) {
  for (std::size_t i = 0; i < held_out().size(); ++i) {
    const std::string& label = held_out().info(i).label;
    KILONAT_REQUIRE(label.empty() || classifier_.network->class_index(label) >= 0,
                    DataError,
                    "study generation: the classifier '{}' does not know the class '{}'; train it "
                    "on these sounds with kilonat train-classifier",
                    classifier.string(),
                    label);
  }
}

const std::vector<std::string>& GenerationJudge::classes() const {
  return classifier_.network->classes();
}

const metrics::GenerationScorer& GenerationJudge::scorer() {
  if (!scorer_) {
    held_out_set_ = std::make_unique<metrics::SoundSet>(judge_.judge(held_out()));
    scorer_ = std::make_unique<metrics::GenerationScorer>(judge_.judge(*reference_.training),
                                                          *held_out_set_);
  }
  return *scorer_;
}

std::vector<Anchor> GenerationJudge::anchors() {
  const metrics::GenerationScorer& scorer = this->scorer();
  const auto made_up = [&](double amplitude) {
    return estimates_of(scorer.score(metrics::judge_made_up(judge_, *held_out_set_, amplitude, 0)));
  };
  return {
      {"real", "held-out clips against training clips", estimates_of(scorer.score(*held_out_set_))},
      {"silence", "silence", made_up(0)},
      {"noise", "white noise", made_up(metrics::kNoiseAmplitude)}};
}

metrics::SoundScores GenerationJudge::reconstructions(codec::LoadedModel& codec) {
  return scorer().score(train::judge_reconstructions(judge_, held_out(), codec, 0));
}

metrics::SoundScores GenerationJudge::score(
    std::size_t count, const std::function<metrics::SoundJudge::NamedClip(std::size_t)>& clip) {
  return scorer().score(judge_.judge(count, clip));
}

}  // namespace kilonat::study
