#include "kilonat/train/generator_report.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include "kilonat/base/files.h"
#include "kilonat/base/interrupt.h"
#include "kilonat/base/png.h"
#include "kilonat/dsp/spectrogram_image.h"
#include "kilonat/generation/sounds.h"
#include "kilonat/train/evaluation_mode.h"
#include "kilonat/train/generator_step.h"
#include "kilonat/train/sound_files.h"

namespace kilonat::train {
namespace {

constexpr std::uint64_t kScoreSeed = 1;
constexpr std::int64_t kSteps = 25;

/// `count` of them, evenly spread; all if there are fewer.
template <class T>
std::vector<T> spread(const std::vector<T>& all, std::int64_t count) {
  const std::size_t number = std::min(all.size(), static_cast<std::size_t>(count));
  std::vector<T> chosen;
  for (std::size_t i = 0; i < number; ++i) chosen.push_back(all[i * all.size() / number]);
  return chosen;
}

}  // namespace

GeneratorReport::GeneratorReport(const GeneratorTrainOptions& options,
                                 std::shared_ptr<const generation::LatentSet> set,
                                 RunFolder folder)
    : options_(options), set_(std::move(set)), folder_(std::move(folder)) {
  const auto held_out = generation::plain_picks(
      *set_, options.batches.held_out, options.batches.max_frames, kScoreSeed);
  if (held_out.empty()) {
    spdlog::warn("no clip is in the split '{}': there will be no score", options.batches.held_out);
  }
  picks_ = spread(held_out, options.run.evaluated_clips);
  prompts_ = options.run.sample_prompts;
  if (!prompts_.empty()) return;
  const auto known = held_out.empty()
                         ? generation::plain_picks(*set_, options.batches.split, 0, kScoreSeed)
                         : held_out;
  for (const auto& pick : spread(known, options.run.num_samples)) {
    prompts_.push_back(set_->clips()[pick.index].caption);
  }
}

std::optional<double> GeneratorReport::score(generation::Generator& model,
                                             std::int64_t step,
                                             RunSink& log) {
  if (picks_.empty()) return std::nullopt;
  const EvaluationMode evaluation(*model);
  const diffusion::FlowScore score =
      score_generator(model, *set_, picks_, options_.batches.batch_size, kScoreSeed);
  std::vector<Scalar> row{{"valid/score", score.normalised}, {"valid/loss", score.loss}};
  const double width = 1.0 / static_cast<double>(score.normalised_by_time.size());
  for (std::size_t i = 0; i < score.normalised_by_time.size(); ++i) {
    row.push_back({fmt::format("valid/score_at_{:.1f}", (static_cast<double>(i) + 0.5) * width),
                   score.normalised_by_time[i]});
  }
  log.scalars(step, row);
  return score.normalised;
}

void GeneratorReport::listen(generation::Generator& model,
                             codec::Autoencoder& codec,
                             std::int64_t step,
                             RunSink& log) {
  if (prompts_.empty()) return;
  const EvaluationMode evaluation(*model);
  std::vector<generation::SoundRequest> requests;
  for (const std::string& prompt : prompts_) {
    requests.push_back({.prompt = prompt,
                        .duration_s = typical_duration_s(*set_, options_.batches),
                        .seed = static_cast<std::uint64_t>(requests.size())});
  }
  generation::SoundOptions how;
  how.sampler.num_steps = kSteps;
  how.after_step = [](std::int64_t, std::int64_t) {
    throw_if_interrupted("making sounds (the last checkpoint is saved)");
  };
  const auto sounds = generation::generate_sounds(model, codec, requests, how);
  create_folder(folder_.audio());
  const std::int64_t rate = codec->options().sample_rate_hz;
  for (std::size_t i = 0; i < sounds.size(); ++i) {
    const std::string name = fmt::format("sound-{}", i + 1);
    write_sound(folder_.audio() / (name + ".wav"), sounds[i], rate);
    log.audio(step, "audio/" + name, rate, channels_of(sounds[i]));
    const Image image = dsp::spectrogram_image(sounds[i], {.sample_rate_hz = rate});
    write_file_atomic(folder_.audio() / (name + ".png"), encode_png(image));
    log.image(step, "spectrogram/" + name, image);
  }
}

double typical_duration_s(const generation::LatentSet& set, const GeneratorBatchOptions& options) {
  std::vector<std::int64_t> lengths;
  for (const auto& clip : set.clips()) {
    if (clip.variant != 0 || clip.split != options.split) continue;
    const std::int64_t most = options.max_frames * set.info().hop_length;
    lengths.push_back(most > 0 ? std::min(most, clip.num_samples) : clip.num_samples);
  }
  auto middle = lengths.begin() + static_cast<std::ptrdiff_t>(lengths.size() / 2);
  std::nth_element(lengths.begin(), middle, lengths.end());
  return static_cast<double>(*middle) / static_cast<double>(set.info().sample_rate_hz);
}

}  // namespace kilonat::train
