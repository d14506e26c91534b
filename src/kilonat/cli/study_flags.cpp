#include "kilonat/cli/study_flags.h"

#include <algorithm>
#include <limits>

#include <ATen/Parallel.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

namespace kilonat::cli {

namespace fs = std::filesystem;

void add_study_flags(CLI::App& sub, StudyFlags& flags, const StudyFlagTexts& texts) {
  sub.add_option("config", flags.config, "A study's config, or the name of one in conf/study")
      ->required()
      ->type_name("CONF");
  sub.add_option("--data", flags.sources, texts.data)->type_name("SOURCE");
  sub.add_option("--out", flags.folder, "The study's folder; default studies/CONF")
      ->type_name("DIR");
  sub.add_option("--points", flags.points, texts.points)->type_name("NAME");
  sub.add_option("--seeds,--seed", flags.seeds, texts.seeds)
      ->check(CLI::Range(std::int64_t{0}, std::numeric_limits<std::int64_t>::max()))
      ->type_name("SEED");
  sub.add_option("--set", flags.overrides, texts.overrides)->type_name("KEY=VALUE");
  sub.add_option("--jobs", flags.jobs, texts.jobs)
      ->check(CLI::Range(1, 256))
      ->capture_default_str();
  add_run_flags(sub, flags.common);
  add_json_flag(sub, flags.common);
  sub.add_flag("--force", flags.common.force, "Replace the file of --json if it exists");
}

fs::path study_folder(const StudyFlags& flags) {
  return flags.folder.empty() ? fs::path("studies") / fs::path(flags.config).stem()
                              : fs::path(flags.folder);
}

namespace {

/// What decides the results, but for the config, the folder and what one study alone has.
std::vector<std::string> deciding_words(const StudyFlags& flags,
                                        const std::vector<std::string>& sources) {
  std::vector<std::string> words;
  const auto add_each = [&](const char* name, const std::vector<std::string>& values) {
    for (const std::string& value : values) words.insert(words.end(), {name, value});
  };
  add_each("--data", sources);
  add_each("--set", flags.overrides);
  for (const std::int64_t seed : flags.seeds)
    words.insert(words.end(), {"--seeds", std::to_string(seed)});
  if (!flags.common.precision.empty())
    words.insert(words.end(), {"--precision", flags.common.precision});
  return words;
}

}  // namespace

std::vector<std::string> study_worker_words(const std::string& study,
                                            const StudyFlags& flags,
                                            const std::vector<std::string>& sources) {
  std::vector<std::string> words{"study",
                                 study,
                                 flags.config,
                                 "--out",
                                 study_folder(flags).string(),
                                 "--quiet",
                                 "--device",
                                 flags.common.device,
                                 "--threads",
                                 std::to_string(std::max(1, at::get_num_threads() / flags.jobs))};
  const std::vector<std::string> deciding = deciding_words(flags, sources);
  words.insert(words.end(), deciding.begin(), deciding.end());
  return words;
}

std::string study_command_text(const std::string& study,
                               const StudyFlags& flags,
                               const std::vector<std::string>& sources,
                               const std::vector<std::string>& own) {
  return fmt::format("kilonat study {} {} {}{}{}",
                     study,
                     flags.config,
                     fmt::join(own, " "),
                     own.empty() ? "" : " ",
                     fmt::join(deciding_words(flags, sources), " "));
}

}  // namespace kilonat::cli
