#include "kilonat/study/run_results.h"

#include <algorithm>
#include <string_view>
#include <utility>

#include <fmt/format.h>
#include <toml++/toml.h>

#include "kilonat/base/errors.h"
#include "kilonat/base/files.h"
#include "kilonat/base/version.h"
#include "kilonat/study/curve.h"

namespace kilonat::study {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kOriginalEnd = "-original.wav";
constexpr std::string_view kReconstructionEnd = "-reconstruction.wav";

toml::table parse_config(const fs::path& path, const std::string& text) {
  try {
    return toml::parse(text, path.string());
  } catch (const toml::parse_error& error) {
    throw FormatError(fmt::format("reading the run's config '{}': line {}: {}; restore the file",
                                  path.string(),
                                  error.source().begin.line,
                                  error.description()));
  }
}

/// The page's word for a bottleneck under a law.
std::string family_of(const toml::table& config) {
  const std::string kind = config["codec"]["bottleneck"]["kind"].value_or(std::string("gaussian"));
  const std::string law = config["rate"]["law"].value_or(std::string());
  return kind == "gaussian" && law == "fixed" ? "fixed_beta" : kind;
}

void copy_last(Figures& figures,
               const Curve& curve,
               std::initializer_list<std::pair<const char*, const char*>> names) {
  for (const auto& [metric, name] : names) {
    if (const auto value = last_value(curve, metric)) figures[name] = *value;
  }
}

void add_figures(Point& point) {
  const char* rate = point.family == "rvq" ? "nominal_kbps" : "kl_kbps";
  copy_last(point.rates,
            point.curve,
            {{"valid/kbps", rate},
             {"valid/informative_kbps", "informative_kbps"},
             {"valid/entropy_kbps", "entropy_kbps"}});
  copy_last(point.distances,
            point.curve,
            {{"valid/mel", "mel_distance"},
             {"valid/stft", "stft_distance"},
             {"valid/waveform", "waveform_l1"},
             {"valid/si_sdr_db", "si_sdr_db"}});
  // Under a fixed weight the log's target is not what training aimed at.
  if (point.family == "gaussian") {
    point.target_kbps = last_value(point.curve, "rate/target_kbps");
  }
}

/// NAME of the files NAME-original.wav, sorted: clip-2 before clip-10.
std::vector<std::string> clip_names(const fs::path& folder) {
  std::vector<std::string> names;
  if (!fs::is_directory(folder)) return names;
  for (const auto& entry : fs::directory_iterator(folder)) {
    const std::string file = entry.path().filename().string();
    if (file.ends_with(kOriginalEnd)) {
      names.push_back(file.substr(0, file.size() - kOriginalEnd.size()));
    }
  }
  std::sort(names.begin(), names.end(), [](const std::string& a, const std::string& b) {
    return std::pair(a.size(), a) < std::pair(b.size(), b);
  });
  return names;
}

void add_sounds(Results& results, const fs::path& folder) {
  for (const std::string& name : clip_names(folder / "audio")) {
    results.originals.push_back({name, fmt::format("audio/{}{}", name, kOriginalEnd), ""});
    results.points.front().audio.push_back(
        {name, fmt::format("audio/{}{}", name, kReconstructionEnd)});
  }
}

}  // namespace

bool is_run_folder(const fs::path& folder) {
  return fs::is_regular_file(folder / "config.toml") &&
         fs::is_regular_file(folder / "metrics.jsonl");
}

Results run_results(const fs::path& folder) {
  const std::string text = read_text(folder / "config.toml");
  const toml::table config = parse_config(folder / "config.toml", text);
  Point point;
  point.id = fs::weakly_canonical(folder).filename().string();
  point.family = family_of(config);
  point.status = PointStatus::kDone;
  point.config = text;
  point.curve = read_curve(folder / "metrics.jsonl");
  point.steps = point.curve.step.empty() ? 0 : point.curve.step.back();
  point.seed = static_cast<std::uint64_t>(config["run"]["seed"].value_or(std::int64_t{0}));
  add_figures(point);
  point.label = point.target_kbps ? fmt::format("{:.4g} kbit/s", *point.target_kbps) : point.family;
  Results results;
  results.kind = "run";
  results.name = point.id;
  results.versions = {{"kilonat", std::string(kVersion)}};
  if (!fs::exists(folder / "model.safetensors")) {
    results.data.description = "The training has not ended: figures are those last logged.";
  }
  results.distances = standard_distances(/*has_visqol_model=*/true);
  results.points.push_back(std::move(point));
  add_sounds(results, folder);
  return results;
}

}  // namespace kilonat::study
