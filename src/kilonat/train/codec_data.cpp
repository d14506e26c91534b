#include "kilonat/train/codec_data.h"

#include <algorithm>
#include <utility>

#include <ATen/ATen.h>
#include <spdlog/spdlog.h>

#include "kilonat/base/errors.h"
#include "kilonat/base/seed_tree.h"
#include "kilonat/train/sound_files.h"

namespace kilonat::train {
namespace {

data::ClipFormat clip_format(const CodecTrainOptions& options) {
  return data::clip_format(
      options.data.excerpts, options.codec.sample_rate_hz, options.codec.num_channels);
}

}  // namespace

ClipSet::ClipSet(std::shared_ptr<const data::Source> source, const data::ClipFormat& format)
    : source_(std::move(source)), format_(format) {}

ClipSet::ClipSet(std::vector<Clip> clips) : clips_(std::move(clips)) {}

Clip ClipSet::clip(std::size_t index) const {
  if (!source_) return clips_[index];
  const data::PreparedClip prepared = data::prepare_clip(source_->read(index), format_);
  return {source_->info(index).id,
          tensor_of(prepared.audio),
          prepared.gain,
          prepared.audio.duration_s()};
}

std::optional<Clip> ClipSet::usable_clip(std::size_t index) const {
  try {
    return clip(index);
  } catch (const DataError& error) {
    spdlog::warn("{}; left out", error.what());
  } catch (const IoError& error) {
    spdlog::warn("{}; left out", error.what());
  }
  return std::nullopt;
}

ClipSet open_clips(const std::vector<std::string>& sources,
                   const std::string& split,
                   const data::ClipFormat& format) {
  const auto source = data::select_split(data::open_source(sources), split);
  KILONAT_REQUIRE(source->size() > 0, DataError, "no clip is in the split '{}'", split);
  return {source, format};
}

CodecData open_codec_data(const CodecTrainOptions& options) {
  const auto all = data::open_source(options.data.sources);
  const auto train = data::select_split(all, "train");
  KILONAT_REQUIRE(train->size() > 0,
                  DataError,
                  "none of the {} clips is in the split 'train'; a column 'split' says otherwise",
                  all->size());
  const data::ClipFormat format = clip_format(options);
  return {train, ClipSet(train, format), ClipSet(data::select_split(all, "valid"), format)};
}

std::unique_ptr<data::ExcerptLoader> make_loader(const CodecTrainOptions& options,
                                                 const CodecData& data,
                                                 std::string_view purpose,
                                                 std::uint64_t first) {
  const SeedTree seeds = SeedTree(static_cast<std::uint64_t>(options.run.seed)).child("data");
  auto maker = std::make_unique<data::ExcerptMaker>(data.train_source,
                                                    options.data.excerpts,
                                                    clip_format(options),
                                                    excerpt_samples(options),
                                                    seeds.child(purpose).seed());
  return std::make_unique<data::ExcerptLoader>(std::move(maker), options.data.excerpts, first);
}

}  // namespace kilonat::train
