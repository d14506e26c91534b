#include "kilonat/study/rd_study.h"

#include <algorithm>
#include <system_error>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "kilonat/base/errors.h"
#include "kilonat/base/files.h"
#include "kilonat/config/schema.h"
#include "kilonat/data/source.h"
#include "kilonat/study/curve.h"
#include "kilonat/study/results_csv.h"
#include "kilonat/study/study_files.h"
#include "kilonat/train/checkpoint.h"
#include "kilonat/train/codec_trainer.h"
#include "kilonat/train/run_folder.h"
#include "kilonat/train/sound_files.h"

namespace kilonat::study {
namespace {

namespace fs = std::filesystem;

constexpr std::int64_t kCurveEntries = 200;

/// Of a loaded point file: one point.
Results wrap(Point point) {
  Results results;
  results.name = point.id;
  results.points.push_back(std::move(point));
  return results;
}

/// Of whatever settings.
bool holds_measurement(const fs::path& point_file) {
  std::error_code ignored;
  if (!fs::exists(point_file, ignored)) return false;
  const Results results = load_results(point_file);
  return results.points.size() == 1 && results.points[0].status == PointStatus::kDone;
}

data::ClipFormat clip_format_of(const train::CodecTrainOptions& options) {
  return data::clip_format(
      options.data.excerpts, options.codec.sample_rate_hz, options.codec.num_channels);
}

}  // namespace

RdStudy::RdStudy(RdRequest request) : request_(std::move(request)) {
  units_ = plan_rd(request_.options, request_.base);
  // Sounds that are not there are found out before a folder is made.
  (void)train::open_clips(
      request_.base.data.sources, request_.options.split, clip_format_of(request_.base));
  const std::string& model = request_.options.visqol_model;
  visqol_ = model.empty() ? std::make_unique<metrics::Visqol>()
                          : std::make_unique<metrics::Visqol>(model);
}

fs::path RdStudy::run_folder(const PlannedUnit& unit) const {
  return request_.folder / "runs" / run_name(unit.id, config::to_toml(*unit.training));
}

fs::path RdStudy::point_path(const PlannedPoint& point) const {
  return request_.folder / "points" / (point.id + ".json");
}

std::string RdStudy::hash_of(const PlannedUnit& unit, const PlannedPoint& point) const {
  const RdOptions& options = request_.options;
  const std::string config = config::to_toml(unit.training.value_or(request_.base));
  return hash_text(fmt::format("{}\n{}\n{}\n{}\n{}",
                               config,
                               point.id,
                               options.split,
                               options.visqol_model,
                               options.listen_clips));
}

std::optional<Point> RdStudy::saved(const PlannedUnit& unit, const PlannedPoint& point) const {
  std::error_code ignored;
  if (!fs::exists(point_path(point), ignored)) return {};
  Results results = load_results(point_path(point));
  const bool fits =
      results.points.size() == 1 && results.points[0].config_hash == hash_of(unit, point);
  return fits ? std::optional(std::move(results.points[0])) : std::nullopt;
}

bool RdStudy::is_measured(const PlannedUnit& unit, const PlannedPoint& point) const {
  const std::optional<Point> found = saved(unit, point);
  return found && found->status == PointStatus::kDone;
}

bool RdStudy::is_done(const PlannedUnit& unit) const {
  for (const PlannedPoint& point : unit.points) {
    if (!is_measured(unit, point)) return false;
  }
  return true;
}

std::int64_t RdStudy::steps_left(const PlannedUnit& unit) const {
  if (!unit.training) return 0;
  std::error_code ignored;
  const train::RunFolder folder{run_folder(unit)};
  if (fs::exists(folder.model(), ignored) || is_done(unit)) return 0;
  const std::vector<std::int64_t> saved = train::checkpoint_steps(folder.path);
  return unit.training->run.steps - (saved.empty() ? 0 : saved.back());
}

std::int64_t RdStudy::steps_to_log(const PlannedUnit& unit) const {
  const std::int64_t left = steps_left(unit);
  if (left == 0) return 0;
  const std::int64_t logged = last_logged_step(train::RunFolder{run_folder(unit)}.metrics());
  return std::min(left, unit.training->run.steps - logged);
}

void RdStudy::run(const PlannedUnit& unit,
                  std::unique_ptr<train::RunSink> console,
                  const OnMeasure& on_measure) {
  create_folder(request_.folder / "points");
  write_text_atomic(request_.folder / "study.toml",
                    config::to_toml(RdStudyConfig{request_.options}));
  try {
    if (unit.training) train(unit, std::move(console));
    measure(unit, on_measure);
  } catch (const Interrupted&) {
    throw;
  } catch (const BusyError&) {
    throw;  // it has not failed: another process trains it
  } catch (const Error& error) {
    note_failure(unit, error.what());
    throw;
  }
}

/// So that the table says why; the next run tries again. What was measured under other settings
/// stays.
void RdStudy::note_failure(const PlannedUnit& unit, const std::string& why) const {
  for (const PlannedPoint& planned : unit.points) {
    try {
      if (holds_measurement(point_path(planned))) continue;
      Point point = point_of(planned);
      point.status = PointStatus::kFailed;
      point.why = why;
      save(unit, planned, std::move(point));
    } catch (const Error&) {
      return;  // a full disk: what failed first is what the user has to hear of
    }
  }
}

void RdStudy::train(const PlannedUnit& unit, std::unique_ptr<train::RunSink> console) const {
  std::error_code ignored;
  const train::RunFolder folder{run_folder(unit)};
  if (fs::exists(folder.model(), ignored)) return;
  create_folder(folder.path.parent_path());
  const bool resume = folder.holds_run() && !train::checkpoint_steps(folder.path).empty();
  train::train_codec({.options = *unit.training,
                      .run_folder = folder.path,
                      .device = request_.device,
                      .resume = resume,
                      .replace = true},
                     std::move(console));
}

void RdStudy::measure(const PlannedUnit& unit, const OnMeasure& on_measure) {
  for (const PlannedPoint& planned : unit.points) {
    if (is_measured(unit, planned)) continue;
    const MeasuringSet& set = measuring_set(planned, on_measure);
    if (!unit.training) {
      save(unit, planned, measure_opus(planned, request_.base.codec.sample_rate_hz, set));
      continue;
    }
    const train::RunFolder folder{run_folder(unit)};
    codec::LoadedModel loaded = codec::load_model(folder.model(), request_.device);
    Point point = measure_model(loaded, planned, set);
    const Curve curve = read_curve(folder.metrics());
    const auto entries = static_cast<std::int64_t>(curve.step.size());
    point.curve = thinned(curve, std::max<std::int64_t>(1, entries / kCurveEntries));
    point.steps = unit.training->run.steps;
    point.config = config::to_toml(*unit.training);
    save(unit, planned, std::move(point));
  }
}

void RdStudy::save(const PlannedUnit& unit, const PlannedPoint& planned, Point point) const {
  point.config_hash = hash_of(unit, planned);
  Results results = wrap(std::move(point));
  results.created = now_text();
  results.distances = standard_distances(!request_.options.visqol_model.empty());
  save_results(point_path(planned), results);
}

const MeasuringSet& RdStudy::measuring_set(const PlannedPoint& point, const OnMeasure& on_measure) {
  if (!set_) open_measuring_set();
  set_->on_clip = nullptr;
  if (on_measure) {
    set_->on_clip = [&on_measure, id = point.id](std::size_t done, std::size_t clips) {
      on_measure(id, done, clips);
    };
  }
  return *set_;
}

void RdStudy::open_measuring_set() {
  const std::vector<std::string>& sources = request_.base.data.sources;
  const data::ClipFormat format = clip_format_of(request_.base);
  const train::ClipSet held_out = train::open_clips(sources, request_.options.split, format);
  set_ = MeasuringSet{
      .training = train::open_clips(sources, "train", format),
      .held_out = held_out,
      .visqol = visqol_.get(),
      .listening = {request_.folder, spread_clips(held_out.size(), request_.options.listen_clips)}};
  write_originals(set_->held_out);
}

void RdStudy::write_originals(const train::ClipSet& clips) const {
  for (const std::size_t index : spread_clips(clips.size(), request_.options.listen_clips)) {
    const auto clip = clips.usable_clip(index);
    if (!clip) continue;
    const fs::path path = request_.folder / sound_path("originals", index, clip->id);
    create_folder(path.parent_path());
    train::write_sound(path, clip->audio_CT, request_.base.codec.sample_rate_hz);
  }
}

Results RdStudy::collect(const std::vector<std::string>& commands,
                         const std::map<std::string, std::string>& versions) const {
  Results results;
  results.name = request_.options.name;
  results.created = now_text();
  results.commands = commands;
  results.versions = versions;
  results.distances = standard_distances(!request_.options.visqol_model.empty());
  for (const PlannedUnit& unit : units_) {
    for (const PlannedPoint& planned : unit.points) {
      std::optional<Point> point = saved(unit, planned);
      if (!point) {
        point = point_of(planned);
        point->why = "not run yet";
      }
      results.points.push_back(std::move(*point));
    }
  }
  describe_data(results);
  save_results(request_.folder / "results.json", results);
  save_results_csv(request_.folder / "results.csv", results);
  return results;
}

/// What was measured on, and the originals of the clips for listening.
void RdStudy::describe_data(Results& results) const {
  const std::vector<std::string>& sources = request_.base.data.sources;
  const auto clips = data::select_split(data::open_source(sources), request_.options.split);
  results.data.description =
      fmt::format("split '{}' of {}", request_.options.split, fmt::join(sources, ", "));
  for (const Point& point : results.points) {
    if (point.clips.empty()) continue;
    results.data.clips = static_cast<std::int64_t>(point.clips.size());
    double seconds = 0;
    for (const ClipResult& clip : point.clips) seconds += clip.seconds;
    results.data.seconds = seconds;
    break;
  }
  for (const std::size_t index : spread_clips(clips->size(), request_.options.listen_clips)) {
    const data::ClipInfo& info = clips->info(index);
    const fs::path path = sound_path("originals", index, info.id);
    std::error_code ignored;
    if (fs::exists(request_.folder / path, ignored)) {
      results.originals.push_back({info.id, path.generic_string(), info.caption});
    }
  }
}

}  // namespace kilonat::study
