#include "kilonat/study/generation_measure.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "kilonat/base/files.h"
#include "kilonat/base/interrupt.h"
#include "kilonat/diffusion/sampler.h"
#include "kilonat/generation/sounds.h"
#include "kilonat/study/generation_plan.h"
#include "kilonat/train/sound_files.h"

namespace kilonat::study {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kBatch = 8;
/// Seeds of the sounds that choose the guidance lie apart from those that are measured.
constexpr std::uint64_t kTuningSeed = 1'000'000;

generation::SoundOptions how_to_sound(const GenerationOptions& options, double guidance) {
  generation::SoundOptions how;
  how.sampler.solver = options.sampler;
  how.sampler.num_steps = options.sampler_steps;
  how.guidance.scale = guidance;
  how.after_step = [](std::int64_t, std::int64_t) { throw_if_interrupted("making sounds"); };
  return how;
}

bool is_lower_better(const std::string& metric) {
  for (const GenerationMetric& known : generation_metrics()) {
    if (known.id == metric) return known.lower_is_better;
  }
  return true;
}

metrics::SoundScores judge_sounds(GenerationJudge& judge,
                                  const std::vector<StudyPrompt>& prompts,
                                  const std::vector<at::Tensor>& sounds_CT,
                                  std::int64_t sample_rate_hz) {
  return judge.score(prompts.size(), [&](std::size_t i) {
    return metrics::SoundJudge::NamedClip{fmt::format("sound {}", i),
                                          prompts[i].label,
                                          {sample_rate_hz, train::channels_of(sounds_CT[i])},
                                          prompts[i].caption};
  });
}

/// Makes the prompts' sounds at one guidance scale, in memory, [C, T] each.
std::vector<at::Tensor> make_sounds(generation::LoadedGenerator& generator,
                                    const std::vector<StudyPrompt>& prompts,
                                    const GenerationOptions& options,
                                    double guidance,
                                    const std::string& stage,
                                    const OnStage& on_stage) {
  const generation::SoundOptions how = how_to_sound(options, guidance);
  std::vector<at::Tensor> sounds;
  for (std::size_t first = 0; first < prompts.size(); first += kBatch) {
    if (on_stage) {
      on_stage(fmt::format("{}, guidance {}", stage, guidance),
               static_cast<std::int64_t>(first),
               static_cast<std::int64_t>(prompts.size()));
    }
    std::vector<generation::SoundRequest> requests;
    for (std::size_t i = first; i < std::min(first + kBatch, prompts.size()); ++i) {
      requests.push_back({prompts[i].caption, options.seconds, prompts[i].seed});
    }
    for (at::Tensor& sound :
         generation::generate_sounds(generator.model, generator.codec.model, requests, how)) {
      sounds.push_back(std::move(sound));
    }
  }
  return sounds;
}

/// Tries every scale. @returns the curve, in the options' order.
std::vector<GuidanceEntry> guidance_curve(generation::LoadedGenerator& generator,
                                          const GenerationOptions& options,
                                          GenerationJudge& judge,
                                          const OnStage& on_stage) {
  std::vector<GuidanceEntry> curve;
  const auto prompts = study_prompts(judge.held_out(), options.tuning_per_class, kTuningSeed);
  const std::int64_t rate_hz = generator.codec.model->options().sample_rate_hz;
  for (const double guidance : options.guidance) {
    const auto sounds =
        make_sounds(generator, prompts, options, guidance, "choosing a guidance", on_stage);
    curve.push_back({guidance, estimates_of(judge_sounds(judge, prompts, sounds, rate_hz))});
  }
  return curve;
}

double best_guidance(const std::vector<GuidanceEntry>& curve, const std::string& metric) {
  const bool lower = is_lower_better(metric);
  const auto worse = [&](const GuidanceEntry& a, const GuidanceEntry& b) {
    const double first = a.metrics.at(metric).value;
    const double second = b.metrics.at(metric).value;
    return lower ? first < second : first > second;
  };
  return std::min_element(curve.begin(), curve.end(), worse)->guidance;
}

/// The first sounds of each class, as WAV files.
std::vector<GeneratedSound> keep_sounds(const std::vector<StudyPrompt>& prompts,
                                        const std::vector<at::Tensor>& sounds_CT,
                                        std::int64_t sample_rate_hz,
                                        const GenerationOptions& options,
                                        const fs::path& folder,
                                        const std::string& id) {
  std::vector<GeneratedSound> kept;
  create_folder(folder / "audio" / id);
  for (std::size_t i = 0; i < prompts.size(); ++i) {
    const auto place = static_cast<std::int64_t>(i) % options.sounds_per_class;
    if (place >= options.listen_per_class) continue;
    const fs::path file = fs::path("audio") / id / fmt::format("sound-{:03}.wav", i);
    train::write_sound(folder / file, sounds_CT[i], sample_rate_hz);
    kept.push_back({prompts[i].caption, prompts[i].label, file.generic_string(), prompts[i].seed});
  }
  return kept;
}

}  // namespace

GenerationPoint measure_generator(generation::LoadedGenerator& generator,
                                  const std::string& id,
                                  const GenerationOptions& options,
                                  GenerationJudge& judge,
                                  const fs::path& folder,
                                  const OnStage& on_stage) {
  GenerationPoint point;
  point.guidance_curve = guidance_curve(generator, options, judge, on_stage);
  point.guidance = best_guidance(point.guidance_curve, options.metric);
  const auto prompts = study_prompts(judge.held_out(), options.sounds_per_class, 0);
  const auto sounds =
      make_sounds(generator, prompts, options, *point.guidance, "making sounds", on_stage);
  const std::int64_t rate_hz = generator.codec.model->options().sample_rate_hz;
  const metrics::SoundScores scores = judge_sounds(judge, prompts, sounds, rate_hz);
  point.metrics = estimates_of(scores);
  point.classes = judge.classes();
  point.confusion = rows_of(scores.confusion_KK);
  point.reconstruction = estimates_of(judge.reconstructions(generator.codec));
  point.audio = keep_sounds(prompts, sounds, rate_hz, options, folder, id);
  return point;
}

}  // namespace kilonat::study
