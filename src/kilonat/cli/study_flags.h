#pragma once
/// What the commands of studies of points (kilonat study rd, kilonat study generation) share.

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>

#include "kilonat/cli/common.h"

namespace kilonat::cli {

/// As the user gave them.
struct StudyFlags {
  CommonFlags common;
  std::string config;                  ///< a path, or a name in conf/study
  std::vector<std::string> sources;    ///< replace the config's
  std::string folder;                  ///< see study_folder()
  std::vector<std::string> points;     ///< only these
  std::vector<std::int64_t> seeds;     ///< replace the config's
  std::vector<std::string> overrides;  ///< of the config of what is trained
  int jobs = 1;                        ///< runs at a time
};

/// Help texts that differ from study to study.
struct StudyFlagTexts {
  std::string data;
  std::string points;
  std::string seeds;
  std::string overrides;
  std::string jobs;
};

/// CONF, --data, --out, --points, --seeds, --set, --jobs and what every long run has. --force is of
/// the file of --json: what a study did stays.
void add_study_flags(CLI::App& sub, StudyFlags& flags, const StudyFlagTexts& texts);

/// Where the study is kept: --out, or studies/ and the config's name.
[[nodiscard]] std::filesystem::path study_folder(const StudyFlags& flags);

/// The words of the same command for a child that does a part of the study with its share of the
/// threads; --points and what one study alone has is for the caller to add.
/// @param sources  with which the config's were resolved.
[[nodiscard]] std::vector<std::string> study_worker_words(const std::string& study,
                                                          const StudyFlags& flags,
                                                          const std::vector<std::string>& sources);

/// The command that leads to a study's results, whatever was done in other calls.
/// @param own  the words of what this study alone has.
[[nodiscard]] std::string study_command_text(const std::string& study,
                                             const StudyFlags& flags,
                                             const std::vector<std::string>& sources,
                                             const std::vector<std::string>& own);

}  // namespace kilonat::cli
