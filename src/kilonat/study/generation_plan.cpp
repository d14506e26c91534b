#include "kilonat/study/generation_plan.h"

#include <algorithm>
#include <map>
#include <set>
#include <system_error>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "kilonat/base/errors.h"
#include "kilonat/study/study_files.h"

namespace kilonat::study {
namespace {

namespace fs = std::filesystem;

bool is_codec(const Point& point) {
  return point.family == "gaussian" && point.status == PointStatus::kDone;
}

std::vector<std::string> ids_of(const std::vector<StudiedCodec>& codecs) {
  std::vector<std::string> ids;
  for (const StudiedCodec& codec : codecs) ids.push_back(codec.point.id);
  return ids;
}

/// The point's model. @throws DataError if it is gone.
fs::path model_of(const fs::path& rd_study, const Point& point) {
  fs::path model = rd_study / "runs" / run_name(point.id, point.config) / "model.safetensors";
  std::error_code ignored;
  KILONAT_REQUIRE(fs::exists(model, ignored),
                  DataError,
                  "generation study: the codec of point '{}' is gone: no {}; make it again with "
                  "kilonat study rd",
                  point.id,
                  model.string());
  return model;
}

/// The latents depend on the codec's weights (another training of the same config gives others),
/// the sounds and the variants.
fs::path latents_folder(const GenerationOptions& options,
                        const StudiedCodec& codec,
                        const fs::path& folder) {
  const std::string settings = fmt::format(
      "{}\n{}\n{}", hash_file(codec.model), fmt::join(options.sources, "\n"), options.variants);
  return folder / "latents" / run_name(codec.point.id, settings);
}

/// Distinct captions of each class; a clip without a caption has its class for one.
std::map<std::string, std::set<std::string>> captions_by_class(const data::Source& clips) {
  std::map<std::string, std::set<std::string>> captions;
  for (std::size_t i = 0; i < clips.size(); ++i) {
    const data::ClipInfo& info = clips.info(i);
    if (info.label.empty()) continue;
    captions[info.label].insert(info.caption.empty() ? info.label : info.caption);
  }
  return captions;
}

}  // namespace

std::vector<StudiedCodec> studied_codecs(const fs::path& rd_study,
                                         const std::vector<std::string>& chosen) {
  std::vector<StudiedCodec> codecs;
  for (Point& point : load_results(rd_study / "results.json").points) {
    if (!is_codec(point)) continue;
    if (!chosen.empty() && std::count(chosen.begin(), chosen.end(), point.id) == 0) continue;
    fs::path model = model_of(rd_study, point);
    codecs.push_back({std::move(point), std::move(model)});
  }
  std::stable_sort(codecs.begin(), codecs.end(), [](const auto& a, const auto& b) {
    return a.point.target_kbps.value_or(0) < b.point.target_kbps.value_or(0);
  });
  KILONAT_REQUIRE(!codecs.empty() && codecs.size() >= chosen.size(),
                  ConfigError,
                  "generation study: of the points asked for, {} has these done: {}; train the "
                  "others with kilonat study rd",
                  rd_study.string(),
                  fmt::join(ids_of(codecs), ", "));
  return codecs;
}

std::vector<PlannedGenerator> plan_generation(const GenerationOptions& options,
                                              const std::vector<StudiedCodec>& codecs,
                                              const train::GeneratorTrainOptions& base,
                                              const fs::path& folder) {
  check(options);
  std::vector<PlannedGenerator> generators;
  for (const StudiedCodec& codec : codecs) {
    const std::string latents = latents_folder(options, codec, folder).string();
    for (const std::int64_t seed : options.seeds) {
      PlannedGenerator generator{fmt::format("{}.gen{}", codec.point.id, seed), codec, base};
      generator.training.run.seed = seed;
      generator.training.batches.latents = latents;
      train::check(generator.training);
      generators.push_back(std::move(generator));
    }
  }
  return generators;
}

std::vector<PlannedGenerator> chosen_generators(const std::vector<PlannedGenerator>& generators,
                                                const std::vector<std::string>& chosen) {
  if (chosen.empty()) return generators;
  std::vector<PlannedGenerator> result;
  std::set<std::string> used;
  for (const PlannedGenerator& generator : generators) {
    bool is_chosen = false;
    for (const std::string& name : chosen) {
      if (name != generator.id && name != generator.codec.point.id) continue;
      used.insert(name);
      is_chosen = true;
    }
    if (is_chosen) result.push_back(generator);
  }
  for (const std::string& name : chosen) {
    KILONAT_REQUIRE(used.contains(name),
                    ConfigError,
                    "study generation: no generator or codec is called '{}'; there is '{}' and the "
                    "like",
                    name,
                    generators.front().id);
  }
  return result;
}

std::vector<StudyPrompt> study_prompts(const data::Source& clips,
                                       std::int64_t per_class,
                                       std::uint64_t seed) {
  std::vector<StudyPrompt> prompts;
  for (const auto& [label, captions] : captions_by_class(clips)) {
    auto next = captions.begin();
    for (std::int64_t i = 0; i < per_class; ++i) {
      prompts.push_back({*next, label, seed++});
      if (++next == captions.end()) next = captions.begin();
    }
  }
  KILONAT_REQUIRE(!prompts.empty(),
                  DataError,
                  "generation study: no clip has a class; a manifest's column 'class' names it");
  return prompts;
}

}  // namespace kilonat::study
