/// kilonat train-classifier: the judge of generated sounds, from real clips.

#include <iostream>
#include <limits>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "kilonat/base/errors.h"
#include "kilonat/base/progress.h"
#include "kilonat/cli/commands.h"
#include "kilonat/cli/config_files.h"
#include "kilonat/cli/confusion_table.h"
#include "kilonat/config/schema.h"
#include "kilonat/tensor/memory.h"
#include "kilonat/train/classifier_trainer.h"

namespace kilonat::cli {
namespace {

using nlohmann::json;

struct ClassifierFlags {
  CommonFlags common;
  std::string config;
  std::vector<std::string> sources;
  std::optional<std::int64_t> epochs;
  std::vector<std::string> overrides;
  std::string out;
  std::optional<std::int64_t> seed;
};

train::ClassifierTrainOptions resolve_options(const ClassifierFlags& flags) {
  train::ClassifierTrainOptions options;
  config::Schema schema;
  describe(schema, options);
  if (!flags.config.empty()) schema.load_file(find_config(flags.config, "classifier"));
  for (const std::string& assignment : flags.overrides) schema.apply_override(assignment);
  if (!flags.sources.empty()) options.data.sources = flags.sources;
  if (flags.epochs) options.run.epochs = *flags.epochs;
  if (flags.seed) options.run.seed = *flags.seed;
  KILONAT_REQUIRE(!options.data.sources.empty(),
                  ConfigError,
                  "train-classifier: no sounds; give --data SOURCE (a .csv or .jsonl with a column "
                  "'class', .tar shards, or procedural:all)");
  train::check(options);
  return options;
}

json json_of(const train::ClassifierAccuracy& accuracy) {
  return {{"accuracy", accuracy.accuracy.value},
          {"low", accuracy.accuracy.low},
          {"high", accuracy.accuracy.high},
          {"clips", accuracy.num_clips},
          {"confusion", confusion_rows(accuracy.confusion_KK)}};
}

json json_of(const train::TrainedClassifier& result, const std::string& path) {
  return {{"classifier", path},
          {"classes", result.network->classes()},
          {"parameters", result.network->num_parameters()},
          {"steps", result.num_steps},
          {"seconds", result.training_s},
          {"held_out", json_of(result.held_out)},
          {"training", json_of(result.training)},
          {"peak_memory_bytes", tensor::peak_memory_bytes()}};
}

std::map<std::string, std::string> facts_of(const train::TrainedClassifier& result) {
  return {{"held_out_accuracy", fmt::format("{}", result.held_out.accuracy.value)},
          {"held_out_clips", std::to_string(result.held_out.num_clips)},
          {"training_accuracy", fmt::format("{}", result.training.accuracy.value)},
          {"training_clips", std::to_string(result.training.num_clips)},
          {"training_steps", std::to_string(result.num_steps)}};
}

std::string accuracy_text(const train::ClassifierAccuracy& accuracy) {
  return fmt::format("{:.1f} % [{:.1f}, {:.1f}] of {} clips",
                     100 * accuracy.accuracy.value,
                     100 * accuracy.accuracy.low,
                     100 * accuracy.accuracy.high,
                     accuracy.num_clips);
}

void print(const ClassifierFlags& flags, const train::TrainedClassifier& result) {
  say(flags.common,
      fmt::format("held-out accuracy  {}; chance {:.1f} %",
                  accuracy_text(result.held_out),
                  100.0 / static_cast<double>(result.network->classes().size())));
  say(flags.common, fmt::format("training accuracy  {}", accuracy_text(result.training)));
  for (const std::string& line :
       confusion_lines(result.held_out.confusion_KK, result.network->classes())) {
    say(flags.common, line);
  }
  say(flags.common,
      fmt::format("{}: {} classes, {} parameters, trained in {}",
                  flags.out,
                  result.network->classes().size(),
                  result.network->num_parameters(),
                  format_duration(result.training_s)));
}

void run(const ClassifierFlags& flags) {
  set_up_cpu(flags.common, "train-classifier");
  refuse_existing(flags.out, flags.common);
  if (!flags.common.json_path.empty()) refuse_existing(flags.common.json_path, flags.common);
  const train::ClassifierTrainOptions options = resolve_options(flags);
  std::optional<Progress> progress;
  const auto on_step = [&](std::int64_t step, std::int64_t num_steps, double loss) {
    if (!progress) {
      progress.emplace(ProgressOptions{.label = "train-classifier",
                                       .total = num_steps,
                                       .quiet = flags.common.quiet,
                                       .terminal = is_terminal(2)},
                       std::cerr);
    }
    progress->update(step, fmt::format("loss {:.3f}", loss));
  };
  const train::TrainedClassifier result = train::train_classifier(options, on_step);
  if (progress) progress->finish();
  metrics::save_classifier(flags.out, *result.network, facts_of(result));
  print(flags, result);
  write_json(flags.common, json_of(result, flags.out));
}

constexpr const char* kFooter =
    "It learns from the split 'train' alone; its accuracy on the others says how far its "
    "judgement\n"
    "of generated sounds can be trusted.\n"
    "Example:\n"
    "  kilonat train-classifier --data sounds/clips.csv --out classifier.safetensors\n";

}  // namespace

Command add_train_classifier_command(CLI::App& app) {
  auto flags = std::make_shared<ClassifierFlags>();
  CLI::App* sub =
      app.add_subcommand("train-classifier", "Train the classifier that judges generated sounds");
  sub->add_option("config", flags->config, "A config file")->type_name("CONF");
  sub->add_option(
         "--data", flags->sources, "Sounds with classes: manifests, shards, procedural:NAME")
      ->type_name("SOURCE");
  sub->add_option("--out", flags->out, "The classifier's file")->required()->type_name("FILE");
  sub->add_option("--epochs", flags->epochs, "Times that every clip is seen")
      ->check(CLI::Range(std::int64_t{1}, std::int64_t{1'000'000}));
  sub->add_option("--set", flags->overrides, "Change a config value: section.key=value")
      ->type_name("KEY=VALUE");
  sub->add_option("--seed", flags->seed, "Seed of everything random")
      ->check(CLI::Range(std::int64_t{0}, std::numeric_limits<std::int64_t>::max()));
  add_device_flags(*sub, flags->common);
  add_json_flag(*sub, flags->common);
  add_force_flag(*sub, flags->common);
  sub->footer(kFooter);
  return {sub, [flags] { run(*flags); }};
}

}  // namespace kilonat::cli
