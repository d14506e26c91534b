#pragma once
/// Measures one generator of a generation study.

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>

#include "kilonat/generation/generator.h"
#include "kilonat/study/generation_judge.h"
#include "kilonat/study/generation_options.h"
#include "kilonat/study/generation_results.h"

namespace kilonat::study {

/// Told what is being done to a generator, and how far that is.
using OnStage = std::function<void(const std::string& what, std::int64_t done, std::int64_t total)>;

/// Note [Tuned and measured on different sounds]: the guidance is the one whose tuning sounds have
/// the best `options.metric`; the figures are of other sounds, from other seeds, so that the choice
/// does not flatter them.
///
/// @param folder  of the study; the sounds for listening go to audio/ID/.
/// @returns the point's measured part: guidance, its curve, metrics, reconstruction, confusion,
///          sounds. @throws Interrupted; IoError.
[[nodiscard]] GenerationPoint measure_generator(generation::LoadedGenerator& generator,
                                                const std::string& id,
                                                const GenerationOptions& options,
                                                GenerationJudge& judge,
                                                const std::filesystem::path& folder,
                                                const OnStage& on_stage);

}  // namespace kilonat::study
