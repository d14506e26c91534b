#include "kilonat/data/excerpt_maker.h"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <numeric>
#include <utility>

#include <ATen/ATen.h>
#include <fmt/format.h>

#include "kilonat/audio/loudness.h"
#include "kilonat/audio/mix.h"
#include "kilonat/base/errors.h"
#include "kilonat/base/shuffle.h"
#include "kilonat/data/phase_shift.h"

namespace kilonat::data {

ExcerptMaker::ExcerptMaker(std::shared_ptr<const Source> source,
                           const ExcerptOptions& options,
                           const ClipFormat& format,
                           std::int64_t num_samples,
                           std::uint64_t seed)
    : options_(options),
      format_(format),
      num_samples_(num_samples),
      seeds_(seed),
      cache_(std::move(source), format, static_cast<std::size_t>(options.cache_mib) << 20) {
  KILONAT_REQUIRE(cache_.source().size() > 0, DataError, "drawing excerpts: no clips to draw from");
}

Batch ExcerptMaker::make(std::uint64_t number) {
  const auto size = static_cast<std::uint64_t>(options_.batch_size);
  Batch batch;
  batch.audio_BCT =
      at::zeros({options_.batch_size, format_.num_channels, num_samples_}, at::kFloat);
  for (std::uint64_t item = 0; item < size; ++item) {
    const std::uint64_t position = number * size + item;
    Rng rng(seeds_.child("item").child(position));
    const auto [index, clip] = usable_clip(position, rng);
    Excerpt excerpt = salient_excerpt(clip->audio, place_in_clip(index, position), rng);
    augment_(excerpt, clip->audio, rng);
    for (std::int64_t c = 0; c < format_.num_channels; ++c) {
      const auto& samples = excerpt.audio.channels[static_cast<std::size_t>(c)];
      float* target = batch.audio_BCT[static_cast<std::int64_t>(item)][c].data_ptr<float>();
      std::copy(samples.begin(), samples.end(), target);
    }
    const double start_s =
        static_cast<double>(excerpt.start) / static_cast<double>(format_.sample_rate_hz);
    batch.ids.push_back(fmt::format("{}@{:.2f}s", cache_.source().info(index).id, start_s));
  }
  return batch;
}

std::size_t ExcerptMaker::clip_at(std::uint64_t position) {
  const std::uint64_t count = cache_.source().size();
  const std::lock_guard lock(mutex_);
  if (epoch_ != position / count) {
    epoch_ = position / count;
    order_.resize(count);
    std::iota(order_.begin(), order_.end(), std::size_t{0});
    Rng rng(seeds_.child("epoch").child(epoch_));
    shuffle(std::span(order_), rng);
  }
  return order_[position % count];
}

std::pair<std::size_t, std::shared_ptr<const PreparedClip>> ExcerptMaker::usable_clip(
    std::uint64_t position, Rng& rng) {
  std::size_t index = clip_at(position);
  for (;;) {
    if (auto clip = cache_.get(index)) return {index, std::move(clip)};
    index = rng.integer(cache_.source().size());
  }
}

double ExcerptMaker::place_in_clip(std::size_t index, std::uint64_t position) const {
  const double offset = Rng(seeds_.child("place").child(index)).uniform();
  const auto epoch = static_cast<double>(position / cache_.source().size());
  const double place = offset + epoch * (std::numbers::phi - 1);
  return place - std::floor(place);
}

ExcerptMaker::Excerpt ExcerptMaker::cut(const audio::AudioBuffer& clip, double place) const {
  const std::int64_t room = std::max<std::int64_t>(0, clip.num_samples() - num_samples_);
  const auto start = static_cast<std::int64_t>(place * static_cast<double>(room + 1));
  const std::int64_t length = std::min(num_samples_, clip.num_samples());
  Excerpt excerpt{{clip.sample_rate_hz, {}}, start};
  for (const auto& channel : clip.channels) {
    excerpt.audio.channels.emplace_back(channel.begin() + start, channel.begin() + start + length);
  }
  return excerpt;
}

ExcerptMaker::Excerpt ExcerptMaker::salient_excerpt(const audio::AudioBuffer& clip,
                                                    double place,
                                                    Rng& rng) const {
  Excerpt best = cut(clip, place);
  if (!options_.gate) return best;
  best.lufs = audio::integrated_lufs(best.audio);
  for (std::int64_t i = 1; i < options_.gate_tries && best.lufs < options_.gate_lufs; ++i) {
    Excerpt next = cut(clip, rng.uniform());
    next.lufs = audio::integrated_lufs(next.audio);
    if (next.lufs > best.lufs) best = std::move(next);
  }
  return best;
}

void ExcerptMaker::augment_(Excerpt& excerpt, const audio::AudioBuffer& clip, Rng& rng) const {
  if (options_.shift_phase) {
    const double angle_rad = rng.uniform(-std::numbers::pi, std::numbers::pi);
    excerpt.audio = phase_shifted(clip, excerpt.start, excerpt.audio.num_samples(), angle_rad);
  }
  double gain = 1;
  if (options_.loudness_scope == "excerpt") {
    gain = audio::normalisation_gain(
        audio::integrated_lufs(excerpt.audio), audio::peak(excerpt.audio), options_.loudness_lufs);
  }
  if (options_.gain_jitter_db > 0) {
    gain *= std::pow(10.0, rng.uniform(-options_.gain_jitter_db, options_.gain_jitter_db) / 20);
  }
  if (options_.flip_polarity && rng.uniform() < 0.5) gain = -gain;
  if (gain != 1) audio::apply_gain_(excerpt.audio, gain);
}

}  // namespace kilonat::data
