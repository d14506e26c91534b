#include "kilonat/train/checkpoint.h"

#include <algorithm>
#include <charconv>
#include <system_error>

#include <fmt/format.h>

#include "kilonat/base/errors.h"
#include "kilonat/base/files.h"
#include "kilonat/tensor/safetensors.h"

namespace kilonat::train {
namespace {

namespace fs = std::filesystem;

constexpr int kFormatVersion = 1;
constexpr std::string_view kStepPrefix = "step-";

std::optional<std::int64_t> step_of(const fs::path& folder) {
  const std::string name = folder.filename().string();
  if (!name.starts_with(kStepPrefix)) return std::nullopt;
  std::int64_t step = 0;
  const char* end = name.data() + name.size();
  const auto [parsed, error] = std::from_chars(name.data() + kStepPrefix.size(), end, step);
  if (error != std::errc() || parsed != end) return std::nullopt;
  return step;
}

nlohmann::json parse_state(const fs::path& path) {
  try {
    return nlohmann::json::parse(read_text(path));
  } catch (const nlohmann::json::exception&) {
    throw FormatError(fmt::format("'{}' is no JSON; truncated?", path.string()));
  }
}

NamedTensors load_group(const fs::path& path) {
  const tensor::SafetensorsFile file(path);
  NamedTensors result;
  for (const std::string& name : file.names()) result.emplace(name, file.tensor(name));
  return result;
}

Checkpoint load_from(const fs::path& folder) {
  nlohmann::json json = parse_state(folder / "state.json");
  try {
    KILONAT_REQUIRE(json.at("format") == kFormatVersion,
                    FormatError,
                    "'state.json' has format {}, this build reads {}",
                    json.at("format").dump(),
                    kFormatVersion);
    Checkpoint checkpoint;
    checkpoint.step = json.at("step").get<std::int64_t>();
    for (const auto& group : json.at("groups")) {
      const auto name = group.get<std::string>();
      checkpoint.groups.emplace(name, load_group(folder / (name + ".safetensors")));
    }
    checkpoint.state = std::move(json.at("state"));
    return checkpoint;
  } catch (const nlohmann::json::exception& error) {
    throw FormatError(fmt::format("'state.json': {}", error.what()));
  }
}

}  // namespace

fs::path checkpoint_folder(const fs::path& run_folder, std::int64_t step) {
  return run_folder / "checkpoints" / fmt::format("{}{}", kStepPrefix, step);
}

void save_checkpoint(const fs::path& run_folder, const Checkpoint& checkpoint) {
  AtomicDirectory folder(checkpoint_folder(run_folder, checkpoint.step));
  nlohmann::json json{{"format", kFormatVersion},
                      {"step", checkpoint.step},
                      {"groups", nlohmann::json::array()},
                      {"state", checkpoint.state}};
  for (const auto& [name, tensors] : checkpoint.groups) {
    json["groups"].push_back(name);
    tensor::save_safetensors(folder.temporary_path() / (name + ".safetensors"), tensors, {});
  }
  write_text_atomic(folder.temporary_path() / "state.json", json.dump(1) + "\n");
  folder.commit();
}

std::vector<std::int64_t> checkpoint_steps(const fs::path& run_folder) {
  std::vector<std::int64_t> steps;
  std::error_code ignored;  // no folder: no checkpoints
  for (const auto& entry : fs::directory_iterator(run_folder / "checkpoints", ignored)) {
    if (const auto step = step_of(entry.path())) steps.push_back(*step);
  }
  std::sort(steps.begin(), steps.end());
  return steps;
}

Checkpoint load_checkpoint(const fs::path& run_folder, std::int64_t step) {
  const fs::path folder = checkpoint_folder(run_folder, step);
  try {
    return load_from(folder);
  } catch (Error& error) {
    error.add_context(fmt::format("checkpoint '{}'", folder.string()));
    throw;
  }
}

void prune_checkpoints(const fs::path& run_folder, std::int64_t keep) {
  std::vector<std::int64_t> steps = checkpoint_steps(run_folder);
  const auto num_old = static_cast<std::int64_t>(steps.size()) - keep;
  for (std::int64_t i = 0; i < num_old; ++i) {
    std::error_code error;
    const fs::path folder = checkpoint_folder(run_folder, steps[static_cast<std::size_t>(i)]);
    fs::remove_all(folder, error);
    if (error) throw_io_error("removing the old checkpoint", folder, error.value());
  }
}

const NamedTensors& group_of(const Checkpoint& checkpoint, const std::string& name) {
  const auto found = checkpoint.groups.find(name);
  KILONAT_REQUIRE(found != checkpoint.groups.end(),
                  FormatError,
                  "checkpoint of step {} has no '{}'",
                  checkpoint.step,
                  name);
  return found->second;
}

std::int64_t latest_step(const std::filesystem::path& run_folder) {
  const std::vector<std::int64_t> steps = checkpoint_steps(run_folder);
  KILONAT_REQUIRE(!steps.empty(),
                  FormatError,
                  "resuming '{}': no checkpoint in '{}'; start it anew with --force instead of "
                  "--resume",
                  run_folder.string(),
                  (run_folder / "checkpoints").string());
  return steps.back();
}

}  // namespace kilonat::train
