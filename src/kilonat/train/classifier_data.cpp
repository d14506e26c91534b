#include "kilonat/train/classifier_data.h"

#include <algorithm>
#include <cmath>
#include <set>

#include <ATen/ATen.h>
#include <spdlog/spdlog.h>

#include "kilonat/base/errors.h"
#include "kilonat/base/interrupt.h"
#include "kilonat/tensor/random.h"
#include "kilonat/train/sound_files.h"

namespace kilonat::train {
namespace {

constexpr int kCutTries = 8;
constexpr double kSoundsWithinDb = 15;
/// The level below the segment's at which another is mixed in: the target follows the amplitudes.
constexpr double kMixMinDb = 0;
constexpr double kMixMaxDb = 15;

double power_of_db(double db) {
  return std::pow(10.0, db / 10);
}

std::int64_t frames_of(double seconds, const metrics::ClassifierOptions& options) {
  return std::max<std::int64_t>(1,
                                std::llround(seconds * static_cast<double>(options.sample_rate_hz) /
                                             static_cast<double>(options.hop_length)));
}

std::int64_t integer_below(Rng& rng, std::int64_t count) {
  return static_cast<std::int64_t>(rng.integer(static_cast<std::uint64_t>(count)));
}

torch::Tensor cut(const torch::Tensor& powers_MF, std::int64_t num_frames, Rng& rng) {
  const std::int64_t last = powers_MF.size(1) - num_frames;
  if (last <= 0) return at::constant_pad_nd(powers_MF, {0, -last});
  const torch::Tensor power_F = powers_MF.sum(0);
  const double enough = power_F.max().item<double>() * power_of_db(-kSoundsWithinDb);
  std::int64_t start = 0;
  for (int i = 0; i < kCutTries; ++i) {
    start = integer_below(rng, last + 1);
    if (power_F.narrow(0, start, num_frames).max().item<double>() >= enough) break;
  }
  return powers_MF.narrow(1, start, num_frames);
}

/// The power of noise in a band is exponentially distributed.
torch::Tensor with_noise(const torch::Tensor& powers_MF, const AugmentOptions& options, Rng& rng) {
  const double level_db = rng.uniform(options.noise_min_db, options.noise_max_db);
  const torch::Tensor noise =
      at::empty_like(powers_MF).exponential_(1.0, tensor::make_generator(rng.bits()));
  return powers_MF + power_of_db(level_db) * noise;
}

/// Hides neighbouring bands or frames behind the segment's mean level.
void mask_(torch::Tensor levels_MF, std::int64_t axis, std::int64_t most, Rng& rng) {
  const std::int64_t size = levels_MF.size(axis);
  const std::int64_t count = integer_below(rng, std::min(most, size - 1) + 1);
  const std::int64_t start = integer_below(rng, size - count + 1);
  levels_MF.narrow(axis, start, count).fill_(levels_MF.mean().item<double>());
}

torch::Tensor smoothed_target(std::int64_t label, std::int64_t num_classes, double smoothing) {
  torch::Tensor target_K = at::full({num_classes}, smoothing / static_cast<double>(num_classes));
  target_K[label] += 1 - smoothing;
  return target_K;
}

struct Segments {
  std::vector<torch::Tensor> powers_MF;
  std::vector<torch::Tensor> targets_K;
};

/// Mixes into some of the segments a quieter one; its class gets the share of its amplitude.
Segments mixed(const Segments& segments, const AugmentOptions& options, Rng& rng) {
  Segments result;
  for (std::size_t i = 0; i < segments.powers_MF.size(); ++i) {
    const double draw = rng.uniform();
    const auto other = static_cast<std::size_t>(rng.integer(segments.powers_MF.size()));
    const double level_db = rng.uniform(kMixMinDb, kMixMaxDb);
    const bool is_mixed = draw < options.mix_share && other != i;
    const double power = is_mixed ? power_of_db(-level_db) : 0;
    const double share = std::sqrt(power) / (1 + std::sqrt(power));
    result.powers_MF.push_back(segments.powers_MF[i] + power * segments.powers_MF[other]);
    result.targets_K.push_back((1 - share) * segments.targets_K[i] +
                               share * segments.targets_K[other]);
  }
  return result;
}

}  // namespace

std::vector<std::string> class_names(const data::Source& source) {
  std::set<std::string> names;
  for (std::size_t i = 0; i < source.size(); ++i) {
    if (!source.info(i).label.empty()) names.insert(source.info(i).label);
  }
  return {names.begin(), names.end()};
}

LabelledClips read_labelled_clips(const data::Source& source,
                                  const metrics::SoundClassifierImpl& classifier) {
  LabelledClips clips;
  for (std::size_t i = 0; i < source.size(); ++i) {
    throw_if_interrupted("reading clips");
    const std::int64_t label = classifier.class_index(source.info(i).label);
    if (label < 0) {
      ++clips.num_left_out;
      continue;
    }
    try {
      const data::PreparedClip clip = data::prepare_clip(source.read(i), classifier.clip_format());
      clips.powers_MF.push_back(classifier.mel_powers(tensor_of(clip.audio)[0]));
      clips.classes.push_back(label);
    } catch (const DataError& error) {
      spdlog::warn("{}; left out", error.what());
      ++clips.num_left_out;
    } catch (const IoError& error) {
      spdlog::warn("{}; left out", error.what());
      ++clips.num_left_out;
    }
  }
  return clips;
}

ClassifierBatch make_classifier_batch(const LabelledClips& clips,
                                      std::span<const std::size_t> numbers,
                                      const metrics::SoundClassifierImpl& classifier,
                                      const ClassifierTrainOptions& options,
                                      Rng& rng) {
  const AugmentOptions& augment = options.augment;
  const std::int64_t num_frames = frames_of(augment.segment_s, classifier.options());
  const auto num_classes = static_cast<std::int64_t>(classifier.classes().size());
  Segments segments;
  for (const std::size_t number : numbers) {
    const double gain = power_of_db(rng.uniform(-augment.gain_db, augment.gain_db));
    segments.powers_MF.push_back(gain * cut(clips.powers_MF[number], num_frames, rng));
    segments.targets_K.push_back(
        smoothed_target(clips.classes[number], num_classes, options.run.label_smoothing));
  }
  segments = mixed(segments, augment, rng);
  for (torch::Tensor& segment : segments.powers_MF) {
    segment = classifier.levels(with_noise(segment, augment, rng));
    mask_(segment, 0, augment.masked_mels, rng);
    mask_(segment, 1, frames_of(augment.masked_s, classifier.options()), rng);
  }
  return {at::stack(segments.powers_MF), at::stack(segments.targets_K)};
}

}  // namespace kilonat::train
