#include "kilonat/study/gaussian_limit.h"

#include <algorithm>
#include <numeric>
#include <optional>
#include <system_error>
#include <utility>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "kilonat/base/errors.h"
#include "kilonat/base/files.h"
#include "kilonat/base/interrupt.h"
#include "kilonat/codec/model_file.h"
#include "kilonat/config/schema.h"
#include "kilonat/study/results_json.h"
#include "kilonat/study/study_files.h"
#include "kilonat/train/checkpoint.h"
#include "kilonat/train/codec_eval.h"
#include "kilonat/train/codec_trainer.h"
#include "kilonat/train/model_format.h"
#include "kilonat/train/run_folder.h"

namespace kilonat::study {
namespace {

namespace fs = std::filesystem;

constexpr double kCurveBeyondPoints = 1.15;

std::string hash_of(const LimitPlan& plan) {
  return hash_text(config::to_toml(plan.options));
}

/// One point: its run, and the figures beside it.
class PointRun {
 public:
  PointRun(const GaussianLimitRequest& request, const LimitPlan& plan, std::size_t index)
      : request_(request),
        plan_(plan),
        index_(index),
        run_{request.folder / "runs" / plan.id},
        figures_(run_.path / "limit.json"),
        hash_(hash_of(plan)) {}

  LimitPoint finish() {
    std::error_code ignored;
    if (has_same_config() && fs::exists(figures_, ignored)) {
      LimitPoint done;
      read_results_file(figures_, "reading a point of the study", [&](const auto& tree) {
        done = limit_point_from_json(tree);
      });
      if (done.config_hash == hash_) return done;
    }
    train();
    const LimitPoint point = measured();
    write_results_file(figures_, json_of(point));
    return point;
  }

  /// @throws ConfigError if another config's run is in the way.
  void require_room() const {
    KILONAT_REQUIRE(
        !run_.holds_run() || has_same_config() || request_.replace,
        ConfigError,
        "'{}' was trained with another config: {}; --force trains it anew",
        run_.path.string(),
        train::config_difference(read_text(run_.config()), config::to_toml(plan_.options), {}));
  }

 private:
  [[nodiscard]] bool has_same_config() const {
    return run_.holds_run() && read_text(run_.config()) == config::to_toml(plan_.options);
  }

  void train() const {
    const bool resume = has_same_config() && !train::checkpoint_steps(run_.path).empty();
    auto watcher = request_.watch ? request_.watch(index_, plan_) : nullptr;
    try {
      train::train_codec({.options = plan_.options,
                          .run_folder = run_.path,
                          .device = request_.device,
                          .resume = resume,
                          .replace = request_.replace},
                         std::move(watcher));
    } catch (const Interrupted&) {
      throw Interrupted(
          fmt::format("interrupted at point {}; the same command goes on from there", plan_.id));
    }
  }

  [[nodiscard]] LimitPoint measured() const {
    codec::LoadedModel loaded = codec::load_model(run_.path, request_.device);
    const train::ClipSet clips =
        train::open_clips(plan_.options.data.sources, "valid", train::clip_format(loaded));
    const auto seed = static_cast<std::uint64_t>(plan_.options.run.seed);
    const std::vector<LimitClip> coded = measure_limit_clips(loaded.model, clips, seed);
    std::vector<std::size_t> all(clips.size());
    std::iota(all.begin(), all.end(), std::size_t{0});
    const double informative_kbps =
        train::measure_latents(loaded.model, clips, all).informative_kbps;
    const double bits_per_kbps = 1000 / static_cast<double>(plan_.options.codec.sample_rate_hz);
    return {.id = plan_.id,
            .source = plan_.source,
            .target_bits = plan_.target_bits,
            .informative_bits = informative_kbps * bits_per_kbps,
            .gap = gap_from_limit(limit_of(plan_.source), coded),
            .clips = static_cast<std::int64_t>(coded.size()),
            .steps = plan_.options.run.steps,
            .seed = plan_.options.run.seed,
            .config_hash = hash_};
  }

  const GaussianLimitRequest& request_;
  const LimitPlan& plan_;
  std::size_t index_;
  train::RunFolder run_;
  fs::path figures_;
  std::string hash_;
};

std::vector<LimitCurve> curves_of(const std::vector<LimitPlan>& plans) {
  std::vector<LimitCurve> curves;
  for (const LimitPlan& plan : plans) {
    if (!curves.empty() && curves.back().source == plan.source) continue;
    double max_bits = 0;
    for (const LimitPlan& other : plans) {
      if (other.source == plan.source) max_bits = std::max(max_bits, other.target_bits);
    }
    curves.push_back(
        sample_curve(plan.source, limit_of(plan.source), kCurveBeyondPoints * max_bits));
  }
  return curves;
}

}  // namespace

LimitResults run_gaussian_limit(const GaussianLimitRequest& request) {
  const std::vector<LimitPlan> plans = plan_points(request.options);
  std::vector<PointRun> runs;
  for (std::size_t i = 0; i < plans.size(); ++i) {
    runs.emplace_back(request, plans[i], i).require_room();
  }
  create_folder(request.folder / "runs");
  LimitResults results{.name = "Codecs on Gaussian sources",
                       .commands = request.commands,
                       .versions = request.versions,
                       .curves = curves_of(plans)};
  for (const LimitPlan& plan : plans) results.missing.push_back(plan.id);
  for (PointRun& run : runs) {
    throw_if_interrupted("study of the Gaussian limit (the same command goes on)");
    results.points.push_back(run.finish());
    results.missing.erase(results.missing.begin());
    results.created = now_text();
    save_limit_results(request.folder, results);
  }
  return results;
}

}  // namespace kilonat::study
