#pragma once
/// Generation results for the tests: one point of each status, every field filled somewhere.

#include "kilonat/study/generation_results.h"

namespace kilonat::study::testing {

inline GenerationResults made_generation() {
  GenerationPoint done;
  done.id = "gaussian-2-seed0.gen0";
  done.codec_point = "gaussian-2-seed0";
  done.target_kbps = 2;
  done.status = PointStatus::kDone;
  done.rates = {{"kl_kbps", 2.0625}, {"predictive_kbps", 1.5}, {"diffusion_kbps", 1.25}};
  done.seed = 3;
  done.steps = 4000;
  done.guidance = 3;
  done.sampler = "euler";
  done.sampler_steps = 50;
  done.metrics = {{"kad", {0.25, 0.125, 0.5}}, {"class_accuracy", {0.75, {}, {}}}};
  done.reconstruction = {{"kad", {0.0625, 0.03125, 0.125}}};
  done.guidance_curve = {{1, {{"kad", {0.5, {}, {}}}}}, {3, {}}};
  done.eta = 0.25;
  done.classes = {"dog", "rain"};
  done.confusion = {{3, 1}, {0, 4}};
  done.predictability = {{"effective_rank", 6.5}};
  done.curve = {{10, 20}, {{"loss", {1.5, 1.25}}, {"eta", {std::nullopt, 0.25}}}};
  done.audio = {{"a dog barking", "dog", "audio/gen/dog-0.wav", 11}, {"rain", "rain", "r.wav", {}}};

  GenerationPoint missing;
  missing.id = "gaussian-4-seed0.gen0";
  missing.target_kbps = 4;
  missing.why = "not run yet";

  GenerationPoint failed;
  failed.id = "gaussian-8-seed0.gen0";
  failed.status = PointStatus::kFailed;
  failed.why = "step 10: not finite";

  GenerationResults results;
  results.name = "A sweep <of> tests";
  results.created = "2026-01-02T03:04:05Z";
  results.commands = {"kilonat study generation conf/study/x.toml"};
  results.versions = {{"kilonat", "0.1.0"}};
  results.data = {"made-up clips", 2, 9.5};
  results.generator = {"[generator]\nsize = \"micro\"\n", 1050000};
  results.metrics = {{"kad", "KAD", true, "unbiased, so it can be below 0"},
                     {"class_accuracy", "Class accuracy", false, ""}};
  results.anchors = {{"real", "held-out against training", {{"kad", {0.015625, {}, {}}}}},
                     {"silence", "silence", {}}};
  results.points = {done, missing, failed};
  results.correlations = {{"effective_rank", "kad", -0.5, -1, 0.25, 5},
                          {"spectral_decay", "kad", {}, {}, {}, 1}};
  results.best = BestRate{"kad", 2, {{2, 0.75}, {4, 0.25}}};
  return results;
}

}  // namespace kilonat::study::testing
