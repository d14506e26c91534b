/// kilonat config: what can be configured, and what a config comes to.

#include <memory>
#include <string>
#include <vector>

#include <fmt/format.h>

#include "kilonat/base/errors.h"
#include "kilonat/cli/commands.h"
#include "kilonat/cli/config_files.h"
#include "kilonat/config/schema.h"
#include "kilonat/study/gaussian_limit_options.h"
#include "kilonat/train/classifier_options.h"
#include "kilonat/train/codec_options.h"
#include "kilonat/train/generator_options.h"

namespace kilonat::cli {
namespace {

struct ConfigFlags {
  CommonFlags common;
  std::string config;
  std::vector<std::string> overrides;
  bool explain = false;
  bool is_generator = false;
};

/// A study's config has all of a codec's sections, and one of its own.
void explain() {
  fmt::print("# Codecs: `kilonat train`\n\n{}\n# Generators: `kilonat train-generator`\n\n{}",
             config::to_markdown(study::GaussianLimitOptions{}),
             config::to_markdown(train::GeneratorTrainOptions{}));
  fmt::print("\n# Classifiers: `kilonat train-classifier`\n\n{}",
             config::to_markdown(train::ClassifierTrainOptions{}));
}

void resolve(const ConfigFlags& flags) {
  train::CodecTrainOptions options;
  config::load(find_config(flags.config), flags.overrides, options);
  train::check(options);
  fmt::print("{}", config::to_toml(options));
}

/// Where the latents are is left open: only a run needs to know.
void resolve_generator(const ConfigFlags& flags) {
  train::GeneratorTrainOptions options;
  config::load(find_config(flags.config, "diffusion"), flags.overrides, options);
  fmt::print("{}", config::to_toml(options));
}

void run(const ConfigFlags& flags) {
  set_up_device(flags.common);
  KILONAT_REQUIRE(flags.explain || !flags.config.empty(),
                  ConfigError,
                  "config: nothing to do; expected --explain, or CONF to resolve");
  if (flags.explain) return explain();
  flags.is_generator ? resolve_generator(flags) : resolve(flags);
}

constexpr const char* kFooter =
    "Example:\n"
    "  kilonat config --explain\n"
    "  kilonat config --resolve tiny16 --set rate.target_kbps=4\n"
    "  kilonat config --generator --resolve micro\n";

}  // namespace

Command add_config_command(CLI::App& app) {
  auto flags = std::make_shared<ConfigFlags>();
  CLI::App* sub = app.add_subcommand("config", "Explain the config, or resolve one");
  CLI::Option* explain =
      sub->add_flag("--explain", flags->explain, "Print the reference of all keys as Markdown");
  sub->add_option("config,--resolve", flags->config, "Print this config with every key and value")
      ->type_name("CONF")
      ->excludes(explain);
  sub->add_flag("--generator", flags->is_generator, "CONF is a generator's, of conf/diffusion");
  sub->add_option("--set", flags->overrides, "Change a config value: section.key=value")
      ->type_name("KEY=VALUE");
  add_device_flags(*sub, flags->common);
  add_idle_seed_flag(*sub, flags->common);
  sub->footer(kFooter);
  return {sub, [flags] { run(*flags); }};
}

}  // namespace kilonat::cli
