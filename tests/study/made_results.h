#pragma once
/// Results for the tests: one point of each status, every field filled somewhere.

#include "kilonat/study/results.h"

namespace kilonat::study::testing {

inline Results made_results() {
  Point done;
  done.id = "gaussian-2-seed0";
  done.family = "gaussian";
  done.label = "2 kbit/s";
  done.status = PointStatus::kDone;
  done.seed = 7;
  done.steps = 1400;
  done.config_hash = "00ff";
  done.config = "[rate]\ntarget_kbps = 2.0\n";
  done.target_kbps = 2;
  done.rates = {{"kl_kbps", 2.0625}, {"informative_kbps", 2.03125}};
  done.distances = {{"mel_distance", 2.25}, {"si_sdr_db", -1.5}};
  done.latent = LatentFigures{{1.5, 0.25}, 2, 1.75, 3.5, 0.125, 0.0625, 2.125};
  done.clips = {{"a.wav", 5, 1.9, 1.875, {{"mel_distance", 2.125}}},
                {"b.wav", 4.5, std::nullopt, std::nullopt, {}}};
  done.curve = {{10, 20}, {{"rec/mel", {4.5, std::nullopt}}}};
  done.audio = {{"a.wav", "audio/gaussian-2-seed0/a.wav"}};

  Point missing;
  missing.id = "rvq-4-seed0";
  missing.family = "rvq";
  missing.label = "4 kbit/s";
  missing.status = PointStatus::kMissing;
  missing.why = "not run yet";
  missing.target_kbps = 4;

  Point failed;
  failed.id = "fixed_beta-1e-2-seed0";
  failed.family = "fixed_beta";
  failed.label = "beta \"0.01\", as usual";
  failed.status = PointStatus::kFailed;
  failed.why = "step 10: not finite";

  Results results;
  results.name = "A study <of> tests";
  results.created = "2026-01-02T03:04:05Z";
  results.commands = {"kilonat study rd conf/study/x.toml"};
  results.versions = {{"kilonat", "0.1.0"}};
  results.data = {"made-up clips", 2, 9.5};
  results.distances = standard_distances(/*has_visqol_model=*/true);
  results.points = {done, missing, failed};
  results.originals = {{"a.wav", "audio/originals/a.wav", "a dog barks"}};
  return results;
}

}  // namespace kilonat::study::testing
