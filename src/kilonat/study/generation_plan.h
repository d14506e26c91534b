#pragma once
/// The generators of a generation study, and what their sounds are prompted with.

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "kilonat/data/source.h"
#include "kilonat/study/generation_options.h"
#include "kilonat/study/results.h"
#include "kilonat/train/generator_options.h"

namespace kilonat::study {

/// A codec of a rate-distortion study.
struct StudiedCodec {
  Point point;                  ///< as that study measured it
  std::filesystem::path model;  ///< model.safetensors of its run
};

/// The gaussian points of a study that are done, by rising target.
/// @param chosen  ids; empty: all. @throws IoError or FormatError for its results; ConfigError if a
///                chosen one is not among them, or there is none; DataError if its model is gone.
[[nodiscard]] std::vector<StudiedCodec> studied_codecs(const std::filesystem::path& rd_study,
                                                       const std::vector<std::string>& chosen);

/// One generator: a codec and a seed.
struct PlannedGenerator {
  std::string id;  ///< "gaussian-2-seed0.gen0"
  StudiedCodec codec;
  train::GeneratorTrainOptions training;
};

/// @param base  the generator's config; every generator has it but for the latents and the seed.
/// @param folder  of the study: the latents of a codec go to latents/CODEC-HASH/ in it.
[[nodiscard]] std::vector<PlannedGenerator> plan_generation(
    const GenerationOptions& options,
    const std::vector<StudiedCodec>& codecs,
    const train::GeneratorTrainOptions& base,
    const std::filesystem::path& folder);

/// The generators whose id or codec is chosen; empty `chosen`: all. @throws ConfigError for a name
/// that fits nothing.
[[nodiscard]] std::vector<PlannedGenerator> chosen_generators(
    const std::vector<PlannedGenerator>& generators, const std::vector<std::string>& chosen);

/// What one sound is asked for.
struct StudyPrompt {
  std::string caption;
  std::string label;  ///< its class
  std::uint64_t seed = 0;
};

/// `per_class` prompts for each class of the clips: their captions in turn (each once before one
/// comes again), sorted by class. The same list at every rate.
/// @param seed  of the first prompt; each next has the next. @throws DataError if no clip has a
///              class.
[[nodiscard]] std::vector<StudyPrompt> study_prompts(const data::Source& clips,
                                                     std::int64_t per_class,
                                                     std::uint64_t seed);

}  // namespace kilonat::study
