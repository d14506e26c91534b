#pragma once
/// Measures one generator of a generation study.

#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "kilonat/generation/generator.h"
#include "kilonat/study/generation_judge.h"
#include "kilonat/study/generation_options.h"
#include "kilonat/study/generation_plan.h"
#include "kilonat/study/generation_results.h"

namespace kilonat::study {

/// Called while sounds are made: what for, how many are done, how many there will be.
using OnSounds =
    std::function<void(const std::string& what, std::int64_t done, std::int64_t total)>;

/// Makes the prompts' sounds at one guidance scale, in memory, [C, T] each.
[[nodiscard]] std::vector<at::Tensor> make_sounds(generation::LoadedGenerator& generator,
                                                  const std::vector<StudyPrompt>& prompts,
                                                  const GenerationOptions& options,
                                                  double guidance,
                                                  const OnSounds& on_sounds);

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
                                                const OnSounds& on_sounds);

}  // namespace kilonat::study
